import type { IdempotencyStore } from "../../ports/idempotency-store.ts";
import type { OperatorStore } from "../../ports/operator-store.ts";
import type { SessionStore } from "../../ports/session-store.ts";
import { storable } from "../storable.ts";
import { byAge, type MemoryState } from "./memory-state.ts";

/** Operators. */
export function memoryOperators(state: MemoryState): OperatorStore {
  return {
    list: () => state.run(() => byAge(state.operators)),
    create: (given, records) =>
      state.run(() => {
        const operator = storable(given);
        const isTaken = [...state.operators.values()].some(({ name }) => name === operator.name);
        if (isTaken || state.operators.has(operator.id)) return "taken";
        state.record(records);
        state.operators.set(operator.id, operator);
        return "created";
      }),
    change: (id, decide) =>
      state.run(() => {
        const operator = state.operators.get(id);
        if (operator === undefined) return false;
        const decided = decide(
          operator,
          byAge(state.operators).filter((each) => each !== operator),
        );
        if (decided === null) return true;
        state.record(decided.records);
        state.operators.set(id, { ...storable(decided.operator), id, name: operator.name });
        return true;
      }),
    noteUse: (use) =>
      state.run(() => {
        const key = `${use.operator} ${use.credential}`;
        if ((state.operatorUses.get(key)?.atMs ?? -1) < use.atMs) state.operatorUses.set(key, use);
      }),
    uses: () => state.run(() => [...state.operatorUses.values()]),
  };
}

/** Operators who signed in. */
export function memorySessions(state: MemoryState): SessionStore {
  return {
    create: (session) => state.run(() => void state.sessions.set(session.sha256, session)),
    find: (sha256) => state.run(() => state.sessions.get(sha256)),
    see: (sha256, atMs) =>
      state.run(() => {
        const session = state.sessions.get(sha256);
        if (session !== undefined && session.seenAtMs < atMs)
          state.sessions.set(sha256, { ...session, seenAtMs: atMs });
      }),
    remove: (sha256) => state.run(() => void state.sessions.delete(sha256)),
    forget: ({ startedMs, seenMs }) =>
      state.run(() => {
        for (const [sha256, { startedAtMs, seenAtMs }] of state.sessions)
          if (startedAtMs < startedMs || seenAtMs < seenMs) state.sessions.delete(sha256);
      }),
  };
}

/** Creates that may be repeated. */
export function memoryIdempotency(state: MemoryState): IdempotencyStore {
  return {
    claim: (create) =>
      state.run(() => {
        const known = state.creates.get(create.key);
        if (known !== undefined) return known;
        state.creates.set(create.key, { ...create, answer: null });
        return "claimed";
      }),
    finish: (key, answer) =>
      state.run(() => {
        const create = state.creates.get(key);
        if (create?.answer === null) state.creates.set(key, { ...create, answer });
      }),
    release: (key) =>
      state.run(() => {
        if (state.creates.get(key)?.answer === null) state.creates.delete(key);
      }),
    eraseAnswers: (connections) =>
      state.run(() => {
        for (const [key, create] of state.creates)
          if (create.connections.some((name) => connections.includes(name)))
            state.creates.set(key, { ...create, answer: "erased" });
      }),
    forget: (startedBeforeMs) =>
      state.run(() => {
        for (const [key, { startedAtMs }] of state.creates)
          if (startedAtMs < startedBeforeMs) state.creates.delete(key);
      }),
  };
}
