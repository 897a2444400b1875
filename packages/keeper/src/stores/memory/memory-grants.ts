import type { AppId, GrantId, GrantState } from "@evergrant/core";
import { type GrantChange, type GrantStore, NO_DATA_KEY, type StoredGrant } from "../../ports/grant-store.ts";
import type { Records } from "../../ports/records.ts";
import type { Sealed } from "../../ports/sealer.ts";
import type { Time } from "../../ports/time.ts";
import { storable, storableText } from "../storable.ts";
import { compareText } from "./compare-text.ts";
import type { MemoryState } from "./memory-state.ts";

/** Grants, their leases and their tokens. */
export function memoryGrants(state: MemoryState, time: Time): GrantStore {
  return {
    load: (id) => state.run(() => state.grants.get(id)),
    findBySubject: (app, subject) => state.run(() => ofSubject(state, app, storableText(subject))),
    create: (given, records) =>
      state.run(() => {
        const grant = storable(given);
        const namesake = grant.subject === null ? undefined : ofSubject(state, grant.app, grant.subject);
        if (namesake !== undefined || state.grants.has(grant.id)) return "exists";
        state.record(records);
        state.putGrant(grant);
        return "created";
      }),
    change: (id, decide) =>
      state.run(() => {
        const grant = state.grants.get(id);
        if (grant === undefined) return undefined;
        const { change, result } = decide(grant, time.wallMs());
        if (change !== null) applyChange(state, grant, change);
        return result;
      }),
    due: (beforeMs, limit) => state.run(() => state.due.until(beforeMs, limit).map(({ id }) => id)),
    claimDue: (beforeMs, limit, againAtMs) =>
      state.run(() => {
        const due = state.due.take(beforeMs, limit);
        const nextDueMs = state.due.nextMs();
        const grants = due.map((grant) => ({ ...grant, dueAtMs: againAtMs }));
        for (const grant of grants) state.putGrant(grant);
        return { grants, nextDueMs };
      }),
    page: (after, limit) =>
      state.run(() =>
        [...state.grants.keys()]
          .filter((id) => after === null || id > after)
          .sort(compareText)
          .slice(0, limit),
      ),
    token: (id) => state.run(() => state.tokens.get(id)),
    knowsFingerprint: (fingerprint) =>
      state.run(() => [...state.tokens.values()].some((token) => token.refreshFingerprint === fingerprint)),
    versionsOf: (grant) =>
      state.run(() =>
        [...state.tokens.values()]
          .filter((token) => token.grant === grant)
          .sort((a, b) => compareText(a.id, b.id))
          .map(({ id, chain }) => ({ id, chain })),
      ),
    erase: (id, erased, records) => state.run(() => erase(state, id, { ...erased, records })),
    erasedSince: (sinceMs, limit) =>
      state.run(() =>
        [...state.erased]
          .filter(([, atMs]) => atMs >= sinceMs)
          .sort(([a, aAtMs], [b, bAtMs]) => aAtMs - bAtMs || compareText(a, b))
          .slice(0, limit)
          .map(([id, atMs]) => ({ id, atMs })),
      ),
    tokensOfChain: (grant, chain) =>
      state.run(() =>
        [...state.tokens.values()]
          .filter((token) => token.grant === grant && token.chain === chain && token.refreshToken !== null)
          .sort((a, b) => a.receivedAtMs - b.receivedAtMs || compareText(a.id, b.id)),
      ),
  };
}

function erase(
  state: MemoryState,
  id: GrantId,
  erased: { readonly atMs: number; readonly state: GrantState; readonly records: Records },
): boolean {
  const grant = state.grants.get(id);
  if (grant === undefined || state.erased.has(id)) return false;
  const { atMs, records } = erased;
  state.record(records);
  state.erased.set(id, atMs);
  state.putGrant({
    ...grant,
    subject: null,
    state: storable(erased.state),
    lease: { ...grant.lease, owner: null, untilMs: 0 },
    dataKey: NO_DATA_KEY,
    dueAtMs: null,
  });
  for (const token of state.tokens.values())
    if (token.grant === id)
      state.tokens.set(token.id, {
        ...token,
        accessToken: GONE,
        refreshToken: token.refreshToken === null ? null : GONE,
        scope: null,
      });
  return true;
}

const GONE = "" as Sealed;

function ofSubject(state: MemoryState, app: AppId, subject: string): StoredGrant | undefined {
  return [...state.grants.values()].find((grant) => grant.app === app && grant.subject === subject);
}

function applyChange(state: MemoryState, grant: StoredGrant, change: GrantChange): void {
  state.record(change.records);
  state.putGrant({
    ...grant,
    state: change.state === null ? grant.state : storable(change.state),
    lease: change.lease ?? grant.lease,
    dueAtMs: change.dueAtMs,
  });
  for (const token of change.tokens) if (!state.tokens.has(token.id)) state.tokens.set(token.id, storable(token));
}
