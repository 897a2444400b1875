import type { ConsentStore, StoredConsent } from "../../ports/consent-store.ts";
import type { ListPlace } from "../../ports/list-place.ts";
import { storable } from "../storable.ts";
import { compareText } from "./compare-text.ts";
import type { MemoryState } from "./memory-state.ts";

/** Consent links and consents. */
export function memoryConsents(state: MemoryState): ConsentStore {
  return {
    createLink: (link, records) =>
      state.run(() => {
        if (state.links.has(link.hash)) throw new Error(`consent link ${link.hash} is there already`);
        state.record(records);
        state.links.set(link.hash, storable(link));
      }),
    findLink: (hash) => state.run(() => state.links.get(hash)),
    completeLink: (hash, atMs) =>
      state.run(() => {
        const link = state.links.get(hash);
        if (link === undefined || link.completedAtMs !== null || link.revokedAtMs !== null) return false;
        state.links.set(hash, { ...link, completedAtMs: atMs });
        return true;
      }),
    revokeLinks: (connection, atMs, records) =>
      state.run(() => {
        const open = [...state.links.values()].filter(
          (link) => link.connection === connection && link.completedAtMs === null && link.revokedAtMs === null,
        );
        state.record(records);
        for (const link of open) state.links.set(link.hash, { ...link, revokedAtMs: atMs });
        return open.length;
      }),
    create: (consent, records) =>
      state.run(() => {
        if (state.consents.has(consent.id) || ofState(state, consent.stateHash) !== undefined)
          throw new Error(`consent ${consent.id} or its state is there already`);
        state.record(records);
        state.consents.set(consent.id, storable(consent));
      }),
    find: (id) => state.run(() => state.consents.get(id)),
    findByState: (stateHash) => state.run(() => ofState(state, stateHash)),
    change: (id, decide) =>
      state.run(() => {
        const consent = state.consents.get(id);
        if (consent === undefined) return undefined;
        const decided = decide(consent);
        if (decided === null) return consent;
        const after = { ...consent, progress: storable(decided.progress) };
        state.record(decided.records);
        state.consents.set(id, after);
        return after;
      }),
    ofConnection: (connection, limit, after = null) =>
      state.run(() =>
        oldestFirst(state)
          .filter(
            (consent) => consent.connection === connection && (after === null || comparePlaces(consent, after) < 0),
          )
          .reverse()
          .slice(0, limit),
      ),
    importing: (limit) =>
      state.run(() =>
        oldestFirst(state)
          .filter(({ purpose, progress }) => purpose === "import" && progress.kind === "claimed")
          .slice(0, limit),
      ),
    held: (limit, after = null) =>
      state.run(() =>
        oldestFirst(state)
          .filter(
            (consent) => consent.progress.kind === "held" && (after === null || comparePlaces(consent, after) > 0),
          )
          .slice(0, limit),
      ),
  };
}

function ofState(state: MemoryState, stateHash: string): StoredConsent | undefined {
  return [...state.consents.values()].find((consent) => consent.stateHash === stateHash);
}

function oldestFirst(state: MemoryState): StoredConsent[] {
  return [...state.consents.values()].sort((a, b) => a.startedAtMs - b.startedAtMs || compareText(a.id, b.id));
}

function comparePlaces({ startedAtMs, id }: StoredConsent, place: ListPlace): number {
  return startedAtMs - place.atMs || compareText(id, place.id);
}
