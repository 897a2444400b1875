import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM (NIST SP 800-38D) as base64url of nonce, ciphertext and tag. The context is authenticated, not stored: opening needs the same. */
export function closeBox(
  key: KeyObject,
  context: readonly string[],
  inside: { readonly plain: Uint8Array; readonly nonce: Uint8Array },
): string {
  const cipher = createCipheriv("aes-256-gcm", key, inside.nonce);
  cipher.setAAD(lengthPrefixed(context));
  return Buffer.concat([inside.nonce, cipher.update(inside.plain), cipher.final(), cipher.getAuthTag()]).toString(
    "base64url",
  );
}

/** The plain bytes, or null where key, context and box do not fit together. */
export function openBox(key: KeyObject, context: readonly string[], box: string): Buffer | null {
  const bytes = Buffer.from(box, "base64url");
  // One text per value: base64url has spare bits and Node passes over foreign characters.
  if (bytes.length < NONCE_BYTES + TAG_BYTES || bytes.toString("base64url") !== box) return null;
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(lengthPrefixed(context));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  const plain = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
    return plain;
  } catch {
    return null;
  }
}

// Each part behind its length, so that no two contexts make the same bytes.
function lengthPrefixed(parts: readonly string[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part, "utf8");
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}
