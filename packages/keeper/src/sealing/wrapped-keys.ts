import { createSecretKey, type KeyObject } from "node:crypto";
import type { Chance } from "../ports/chance.ts";
import { closeBox, openBox } from "./authenticated-box.ts";
import type { KeyRing } from "./key-ring.ts";

const PURPOSE = "evergrant/key-wrapping/1";

/** A fresh 256-bit key, wrapped by the ring's primary key: `KEK-ID.BOX`. The context is bound in, with the KEK's id. */
export function wrapFreshKey(ring: KeyRing, context: readonly string[], chance: Chance): string {
  const keyId = ring.primaryId;
  const plain = chance.bytes(32);
  const box = closeBox(ring.derive(keyId, PURPOSE), [PURPOSE, keyId, ...context], { plain, nonce: chance.bytes(12) });
  plain.fill(0);
  return `${keyId}.${box}`;
}

/** The key inside, or null where it does not open in this context. Throws `kek_wrong` where the ring lacks the wrapping key. */
export function unwrapKey(ring: KeyRing, context: readonly string[], wrapped: string): KeyObject | null {
  const dot = wrapped.indexOf(".");
  const keyId = wrapped.slice(0, Math.max(0, dot));
  const plain = openBox(ring.derive(keyId, PURPOSE), [PURPOSE, keyId, ...context], wrapped.slice(dot + 1));
  if (plain === null) return null;
  const key = createSecretKey(plain);
  plain.fill(0);
  return key;
}
