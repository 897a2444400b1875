import type { AppId } from "@evergrant/core";
import type { GrantChange, GrantStore, StoredGrant } from "../../ports/grant-store.ts";
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
        const claimed = state.due.until(beforeMs, limit);
        for (const grant of claimed) state.putGrant({ ...grant, dueAtMs: againAtMs });
        return claimed.map(({ id }) => id);
      }),
    nextDueMs: () => state.run(() => state.due.nextMs()),
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
  state.putGrant({
    ...grant,
    state: change.state === null ? grant.state : storable(change.state),
    lease: change.lease ?? grant.lease,
    dueAtMs: change.dueAtMs,
  });
  for (const token of change.tokens) if (!state.tokens.has(token.id)) state.tokens.set(token.id, storable(token));
}
