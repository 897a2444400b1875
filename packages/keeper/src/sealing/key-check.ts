import type { KeyObject } from "node:crypto";
import { EvergrantError } from "@evergrant/core";
import type { Chance } from "../ports/chance.ts";
import type { KeyRing } from "./key-ring.ts";
import { rewrapKey, unwrapKey, wrapFreshKey } from "./wrapped-keys.ts";

const contextOf = (deployment: string) => ["evergrant/key-check/1", deployment];

/**
 * The key-check value of a new deployment: a key of its own, wrapped by the primary key. A ring that does not open it is the wrong one.
 * What is inside outlives the key-encryption keys, so fingerprints and links made with it do too.
 */
export function makeKeyCheck(ring: KeyRing, deployment: string, chance: Chance): string {
  return wrapFreshKey(ring, contextOf(deployment), chance);
}

/** The same value, wrapped by the ring's primary key. Throws as `openKeyCheck`. */
export function rewrapKeyCheck(
  ring: KeyRing,
  deployment: string,
  known: { readonly keyCheck: string; readonly chance: Chance },
): string {
  const wrapped = rewrapKey(ring, contextOf(deployment), { text: known.keyCheck, chance: known.chance });
  if (wrapped === null) throw new EvergrantError("kek_wrong", { detail: "the store's key-check value does not open" });
  return wrapped;
}

/** The deployment's own key. Throws `kek_wrong` where this ring, this deployment and the value do not belong together. */
export function openKeyCheck(ring: KeyRing, deployment: string, keyCheck: string): KeyObject {
  const key = unwrapKey(ring, contextOf(deployment), keyCheck);
  if (key === null) throw new EvergrantError("kek_wrong", { detail: "the store's key-check value does not open" });
  return key;
}
