import { createSecretKey, type KeyObject } from "node:crypto";
import type { Chance } from "../ports/chance.ts";
import { closeBox, openBox } from "./authenticated-box.ts";
import type { KeyRing } from "./key-ring.ts";

const PURPOSE = "evergrant/key-wrapping/1";

/** A fresh 256-bit key, wrapped by the ring's primary key: `KEK-ID.BOX`. The context is bound in, with the KEK's id. */
export function wrapFreshKey(ring: KeyRing, context: readonly string[], chance: Chance): string {
  return wrap(ring, context, { plain: chance.bytes(32), chance });
}

/** The same key, wrapped by the primary; null where it does not open. */
export function rewrapKey(
  ring: KeyRing,
  context: readonly string[],
  wrapped: { readonly text: string; readonly chance: Chance },
): string | null {
  const key = unwrapKey(ring, context, wrapped.text);
  return key === null ? null : wrap(ring, context, { plain: key.export(), chance: wrapped.chance });
}

/** Which key of the ring a wrapped key needs. */
export function keyIdOf(wrapped: string): string {
  return wrapped.slice(0, Math.max(0, wrapped.indexOf(".")));
}

// The plain bytes are overwritten.
function wrap(ring: KeyRing, context: readonly string[], inside: { plain: Uint8Array; chance: Chance }): string {
  const keyId = ring.primaryId;
  const { plain, chance } = inside;
  const box = closeBox(ring.derive(keyId, PURPOSE), [PURPOSE, keyId, ...context], { plain, nonce: chance.bytes(12) });
  plain.fill(0);
  return `${keyId}.${box}`;
}

/** The key inside, or null where it does not open in this context. Throws `kek_wrong` where the ring lacks the wrapping key. */
export function unwrapKey(ring: KeyRing, context: readonly string[], wrapped: string): KeyObject | null {
  const keyId = keyIdOf(wrapped);
  const box = wrapped.slice(wrapped.indexOf(".") + 1);
  const plain = openBox(ring.derive(keyId, PURPOSE), [PURPOSE, keyId, ...context], box);
  if (plain === null) return null;
  const key = createSecretKey(plain);
  plain.fill(0);
  return key;
}
