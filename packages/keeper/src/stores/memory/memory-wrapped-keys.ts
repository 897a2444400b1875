import type { AppId, ConsentId, GrantId, RecipientId } from "@evergrant/core";
import type { WrappedKey } from "../../ports/sealer.ts";
import type { KeyOwner, WrappedKeyStore } from "../../ports/wrapped-key-store.ts";
import { compareText } from "./compare-text.ts";
import type { MemoryState } from "./memory-state.ts";

/** Data keys, wherever they stand. */
export function memoryWrappedKeys(state: MemoryState): WrappedKeyStore {
  const others = (keyId: string, kind: KeyOwner) =>
    rowsOf(state, kind)
      .flatMap(({ id, dataKey }) => (dataKey === null || dataKey === "" ? [] : [{ owner: String(id), dataKey }]))
      .filter(({ dataKey }) => !dataKey.startsWith(`${keyId}.`))
      .sort((a, b) => compareText(a.owner, b.owner));
  return {
    notWrappedBy: (keyId, kind, { after, limit }) =>
      state.run(() =>
        others(keyId, kind)
          .filter(({ owner }) => after === null || owner > after)
          .slice(0, limit),
      ),
    replace: (kind, { owner, dataKey }, by) =>
      state.run(() => {
        if (!rowsOf(state, kind).some((row) => row.id === owner && row.dataKey === dataKey)) return false;
        put(state, kind, { owner, by });
        return true;
      }),
    countNotWrappedBy: (keyId, kind, atMost) => state.run(() => Math.min(atMost, others(keyId, kind).length)),
  };
}

interface Keyed {
  readonly id: string;
  /** Null where nothing is sealed by one. */
  readonly dataKey: WrappedKey | null;
}

function rowsOf(state: MemoryState, kind: KeyOwner): readonly Keyed[] {
  switch (kind) {
    case "grant":
      return [...state.grants.values()];
    case "app":
      return [...state.apps.values()];
    case "consent":
      return [...state.consents.values()];
    case "notice_recipient":
      return [...state.recipients.values()].map(({ stored }) => stored);
    case "idempotent_create":
      return [...state.creates.values()].map(({ key: id, answer }) => ({
        ...{ id, dataKey: answer === null || answer === "erased" ? null : answer.dataKey },
      }));
  }
}

function put(state: MemoryState, kind: KeyOwner, { owner, by }: { owner: string; by: WrappedKey }): void {
  switch (kind) {
    case "grant": {
      const grant = state.grants.get(owner as GrantId);
      if (grant !== undefined) state.putGrant({ ...grant, dataKey: by });
      return;
    }
    case "app": {
      const app = state.apps.get(owner as AppId);
      if (app !== undefined) state.apps.set(app.id, { ...app, dataKey: by });
      return;
    }
    case "consent": {
      const consent = state.consents.get(owner as ConsentId);
      if (consent !== undefined) state.consents.set(consent.id, { ...consent, dataKey: by });
      return;
    }
    case "notice_recipient": {
      const id = owner as RecipientId;
      const known = state.recipients.get(id);
      if (known !== undefined) state.recipients.set(id, { ...known, stored: { ...known.stored, dataKey: by } });
      return;
    }
    case "idempotent_create": {
      const create = state.creates.get(owner);
      if (create !== undefined && create.answer !== null && create.answer !== "erased")
        state.creates.set(owner, { ...create, answer: { ...create.answer, dataKey: by } });
      return;
    }
  }
}
