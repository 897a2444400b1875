import type { AppId } from "@evergrant/core";
import type { GrantChange, GrantStore, StoredGrant } from "../../ports/grant-store.ts";
import type { Time } from "../../ports/time.ts";
import { compareText, type MemoryState } from "./memory-state.ts";

/** Grants, their leases and their tokens. */
export function memoryGrants(state: MemoryState, time: Time): GrantStore {
  return {
    load: (id) => state.run(() => state.grants.get(id)),
    findBySubject: (app, subject) => state.run(() => ofSubject(state, app, subject)),
    create: (grant, records) =>
      state.run(() => {
        const namesake = grant.subject === null ? undefined : ofSubject(state, grant.app, grant.subject);
        if (namesake !== undefined || state.grants.has(grant.id)) return "exists";
        state.record(records);
        state.grants.set(grant.id, grant);
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
    due: (beforeMs, limit) =>
      state.run(() =>
        scheduled(state)
          .filter(({ dueAtMs }) => dueAtMs <= beforeMs)
          .sort((a, b) => a.dueAtMs - b.dueAtMs || compareText(a.id, b.id))
          .slice(0, limit)
          .map(({ id }) => id),
      ),
    nextDueMs: () =>
      state.run(() =>
        scheduled(state).reduce<number | null>((next, { dueAtMs }) => Math.min(next ?? dueAtMs, dueAtMs), null),
      ),
    token: (id) => state.run(() => state.tokens.get(id)),
    knowsFingerprint: (fingerprint) =>
      state.run(() => [...state.tokens.values()].some((token) => token.refreshFingerprint === fingerprint)),
    tokensOfChain: (grant, chain) =>
      state.run(() =>
        [...state.tokens.values()]
          .filter((token) => token.grant === grant && token.chain === chain && token.refreshToken !== null)
          .sort((a, b) => a.receivedAtMs - b.receivedAtMs || compareText(a.id, b.id)),
      ),
  };
}

function ofSubject(state: MemoryState, app: AppId, subject: string): StoredGrant | undefined {
  return [...state.grants.values()].find((grant) => grant.app === app && grant.subject === subject);
}

function applyChange(state: MemoryState, grant: StoredGrant, change: GrantChange): void {
  state.record(change.records);
  state.grants.set(grant.id, {
    ...grant,
    state: change.state ?? grant.state,
    lease: change.lease ?? grant.lease,
    dueAtMs: change.dueAtMs,
  });
  for (const token of change.tokens) if (!state.tokens.has(token.id)) state.tokens.set(token.id, token);
}

function scheduled(state: MemoryState): (StoredGrant & { readonly dueAtMs: number })[] {
  return [...state.grants.values()].filter(
    (grant): grant is StoredGrant & { readonly dueAtMs: number } => grant.dueAtMs !== null,
  );
}
