import type { RecipientId } from "@evergrant/core";
import type { Delivery, Distribution, NoticeStore, StoredRecipient, TurnEnd } from "../../ports/notice-store.ts";
import { storable } from "../storable.ts";
import { compareText } from "./compare-text.ts";
import { byAge, type MemoryState } from "./memory-state.ts";
import type { MemoryRecipient } from "./memory-tables.ts";

/** Who is told what, and how far that is. */
export function memoryNotices(state: MemoryState): NoticeStore {
  return {
    ...memoryRecipients(state),
    ...memoryTurns(state),
    distribute: (notices, decide, nowMs) =>
      state.run(() => {
        let taken = 0;
        for (const { sequence, groups } of notices) {
          const index = state.outbox.findIndex(
            (notice) => notice.sequence === sequence && notice.distributedAtMs === null,
          );
          const notice = state.outbox[index];
          if (notice === undefined) continue;
          const open = [...state.matters.values()].filter(({ group }) => groups.includes(group));
          put(state, sequence, { ...decide(sequence, open), nowMs });
          state.outbox[index] = { ...notice, distributedAtMs: nowMs };
          taken += 1;
        }
        return taken;
      }),
    deliveries: (status, limit, beforeId = Number.POSITIVE_INFINITY) =>
      state.run(() =>
        [...state.deliveries.values()]
          .filter((delivery) => delivery.id < beforeId && (status === null || delivery.status === status))
          .sort((a, b) => b.id - a.id)
          .slice(0, limit),
      ),
    replay: (ids, nowMs, records) =>
      state.run(() => {
        state.record(records);
        const again = ids.flatMap((id) => state.deliveries.get(id) ?? []).filter(({ status }) => status !== "waiting");
        for (const delivery of again) {
          const anew = { status: "waiting", attempts: 0, sinceMs: nowMs, dueAtMs: nowMs, error: null } as const;
          state.deliveries.set(delivery.id, { ...delivery, ...anew, settledAtMs: null });
          makeDue(state, delivery.recipient, nowMs);
        }
        return again.length;
      }),
    counts: () =>
      state.run(() => {
        const waiting = waitingOf(state);
        return {
          undistributed: state.outbox.filter(({ distributedAtMs }) => distributedAtMs === null).length,
          waiting: waiting.length,
          dead: [...state.deliveries.values()].filter(({ status }) => status === "dead").length,
          oldestWaitingSinceMs: waiting.length === 0 ? null : Math.min(...waiting.map(({ sinceMs }) => sinceMs)),
        };
      }),
    forgetBefore: (atMs) =>
      state.run(() => {
        for (const delivery of state.deliveries.values())
          if (delivery.settledAtMs !== null && delivery.settledAtMs < atMs) state.deliveries.delete(delivery.id);
        const told = new Set([...state.deliveries.values()].map(({ notice }) => notice.sequence));
        // The last one stays: the next counts from it.
        const kept = state.outbox.filter(
          ({ sequence, distributedAtMs }, index) =>
            distributedAtMs === null ||
            distributedAtMs >= atMs ||
            told.has(sequence) ||
            index === state.outbox.length - 1,
        );
        state.outbox.splice(0, state.outbox.length, ...kept);
      }),
  };
}

type Recipients = "recipients" | "createRecipient" | "changeRecipient" | "removeRecipient";

function memoryRecipients(state: MemoryState): Pick<NoticeStore, Recipients> {
  return {
    recipients: () => state.run(() => byAge(new Map([...state.recipients].map(([id, { stored }]) => [id, stored])))),
    createRecipient: (given, records) =>
      state.run(() => {
        const stored = storable(given);
        if ([...state.recipients.values()].some((known) => isSame(known.stored, stored))) return "exists";
        state.record(records);
        state.recipients.set(stored.id, { stored, dueAtMs: null, busyUntilMs: 0, turn: 0, lastSentAtMs: null });
        return "created";
      }),
    changeRecipient: (id, decide) =>
      state.run(() => {
        const known = state.recipients.get(id);
        if (known === undefined) return undefined;
        const decided = decide(known.stored);
        state.record(decided.records);
        const stored = storable(decided.recipient);
        state.recipients.set(id, { ...known, stored });
        return stored;
      }),
    removeRecipient: (id, records) =>
      state.run(() => {
        if (!state.recipients.has(id)) return false;
        state.record(records);
        state.recipients.delete(id);
        for (const delivery of state.deliveries.values())
          if (delivery.recipient === id) state.deliveries.delete(delivery.id);
        return true;
      }),
  };
}

function memoryTurns(state: MemoryState): Pick<NoticeStore, "takeTurn" | "endTurn" | "nextTurnMs"> {
  const due = (channels: readonly string[]) =>
    [...state.recipients.values()]
      .flatMap((known) => (known.dueAtMs === null ? [] : [{ ...known, dueAtMs: known.dueAtMs }]))
      .filter(({ stored }) => channels.includes(stored.channel) && stored.disabledAtMs === null)
      .sort((a, b) => a.dueAtMs - b.dueAtMs || compareText(a.stored.id, b.stored.id));
  return {
    takeTurn: (channels, nowMs, { untilMs, limit }) =>
      state.run(() => {
        const next = due(channels).find(({ dueAtMs, busyUntilMs }) => dueAtMs <= nowMs && busyUntilMs <= nowMs);
        if (next === undefined) return null;
        const number = next.turn + 1;
        state.recipients.set(next.stored.id, { ...next, turn: number, busyUntilMs: untilMs });
        const waiting = waitingOf(state, next.stored.id).slice(0, limit);
        return { recipient: next.stored, number, lastSentAtMs: next.lastSentAtMs, waiting };
      }),
    endTurn: (end) => state.run(() => endTurn(state, end)),
    nextTurnMs: (channels) =>
      state.run(() => {
        const turns = due(channels).map(({ dueAtMs, busyUntilMs }) => Math.max(dueAtMs, busyUntilMs));
        return turns.length === 0 ? null : Math.min(...turns);
      }),
  };
}

function endTurn(state: MemoryState, end: TurnEnd): void {
  for (const { id, status, dueAtMs, error, atMs } of end.results) {
    const delivery = state.deliveries.get(id);
    if (delivery?.status !== "waiting") continue;
    const settledAtMs = status === "waiting" ? null : atMs;
    const attempts = delivery.attempts + 1;
    state.deliveries.set(id, { ...delivery, status, attempts, dueAtMs, error: storable(error), settledAtMs });
  }
  const known = state.recipients.get(end.recipient);
  if (known === undefined || known.turn !== end.number) return;
  const dues = waitingOf(state, end.recipient).map(({ dueAtMs }) => dueAtMs);
  const after: MemoryRecipient = {
    ...known,
    stored: { ...known.stored, disabledAtMs: end.disabledAtMs ?? known.stored.disabledAtMs },
    dueAtMs: dues.length === 0 ? null : Math.max(Math.min(...dues), end.notBeforeMs),
    busyUntilMs: 0,
    lastSentAtMs: end.sentAtMs ?? known.lastSentAtMs,
  };
  state.recipients.set(end.recipient, after);
}

function put(
  state: MemoryState,
  sequence: number,
  { tell, recipients, opens, closes, nowMs }: Distribution & { readonly nowMs: number },
): void {
  for (const key of closes) state.matters.delete(key);
  if (opens !== null && !state.matters.has(opens.key)) state.matters.set(opens.key, opens);
  const found = state.outbox.find((notice) => notice.sequence === sequence);
  if (tell === null || found === undefined) return;
  const { distributedAtMs: _distributedAtMs, ...notice } = found;
  for (const recipient of recipients) {
    const id = Math.max(0, ...state.deliveries.keys()) + 1;
    const times = { sinceMs: nowMs, dueAtMs: nowMs, error: null, settledAtMs: null };
    state.deliveries.set(id, { id, recipient, notice, told: tell, status: "waiting", attempts: 0, ...times });
    makeDue(state, recipient, nowMs);
  }
}

function makeDue(state: MemoryState, id: RecipientId, atMs: number): void {
  const known = state.recipients.get(id);
  if (known !== undefined) state.recipients.set(id, { ...known, dueAtMs: Math.min(known.dueAtMs ?? atMs, atMs) });
}

function waitingOf(state: MemoryState, recipient?: RecipientId): readonly Delivery[] {
  return [...state.deliveries.values()]
    .filter(
      (delivery) => delivery.status === "waiting" && (recipient === undefined || delivery.recipient === recipient),
    )
    .sort((a, b) => a.id - b.id);
}

function isSame(a: StoredRecipient, b: StoredRecipient): boolean {
  return a.channel === b.channel && a.address === b.address && a.connection === b.connection;
}
