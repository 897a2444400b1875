import { EvergrantError } from "@evergrant/core";
import type { Chance } from "../ports/chance.ts";
import type { KeyCustody } from "../ports/key-custody.ts";
import type { WrappedKey } from "../ports/sealer.ts";
import { rewrapKeyCheck } from "./key-check.ts";
import type { KeyRing } from "./key-ring.ts";
import { dataKeyContext } from "./key-sealer.ts";
import type { KeyRingPlace } from "./open-key-ring.ts";
import { keyIdOf, rewrapKey } from "./wrapped-keys.ts";

/** The custody of a ring that sealer and journal use too: what changes in it changes for them at once. */
export function ringCustody(parts: {
  readonly ring: KeyRing;
  readonly place: KeyRingPlace;
  readonly deployment: string;
  readonly chance: Chance;
  /** Those that a segment of the journal needs. */
  readonly journalKeys: () => Promise<readonly string[]>;
}): KeyCustody {
  const { ring, place, deployment, chance } = parts;
  const reload = async () => {
    const found = await place.read();
    if (found !== null) ring.adopt(found);
  };
  return {
    held: async () => ({ primary: ring.primaryId, ring: ring.ids, journal: await parts.journalKeys() }),
    usePrimary: (keyId) => ring.usePrimary(keyId),
    reload,
    make: async () => {
      const id = await place.append();
      if (id !== null) await reload();
      return id;
    },
    drop: async (keyId) => {
      if (keyId === ring.primaryId) return;
      await place.remove(keyId);
      ring.drop(keyId);
    },
    keyIdOf,
    rewrap: (owner, wrapped) => {
      const fresh = rewrapKey(ring, dataKeyContext(deployment, owner), { text: wrapped, chance });
      if (fresh === null)
        throw new EvergrantError("internal_error", { detail: `the data key of ${owner} does not open` });
      return fresh as WrappedKey;
    },
    rewrapKeyCheck: (keyCheck) => rewrapKeyCheck(ring, deployment, { keyCheck, chance }),
  };
}
