import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { EvergrantError } from "@evergrant/core";

const KEY_BYTES = 32;
const KEY_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/**
 * The key-encryption keys of a deployment. One is the primary, at first the first: it protects what is new, the others open what is old.
 * A key never leaves the ring; what leaves is derived from it for one purpose, so that no key serves two.
 */
export class KeyRing {
  #primaryId: string;
  readonly #keys: Map<string, KeyObject>;

  constructor(primaryId: string, keys: ReadonlyMap<string, KeyObject>) {
    this.#primaryId = primaryId;
    this.#keys = new Map(keys);
  }

  get primaryId(): string {
    return this.#primaryId;
  }

  get ids(): readonly string[] {
    return [...this.#keys.keys()];
  }

  has(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  /** False, and nothing changed, where the ring lacks it. */
  usePrimary(keyId: string): boolean {
    if (!this.#keys.has(keyId)) return false;
    this.#primaryId = keyId;
    return true;
  }

  /** Takes in the keys of another ring that this one lacks; one that is here stays as it is. */
  adopt(other: KeyRing): void {
    for (const [id, key] of other.#keys) if (!this.#keys.has(id)) this.#keys.set(id, key);
  }

  /** The primary stays. */
  drop(keyId: string): void {
    if (keyId !== this.#primaryId) this.#keys.delete(keyId);
  }

  /** A 256-bit key for one purpose: HKDF-SHA256 (RFC 5869) with the purpose as info. Throws `kek_wrong` where the ring lacks the key. */
  derive(keyId: string, purpose: string): KeyObject {
    const key = this.#keys.get(keyId);
    if (key === undefined) throw new EvergrantError("kek_wrong", { detail: `key ${keyId} is not in the key ring` });
    return createSecretKey(Buffer.from(hkdfSync("sha256", key, "", purpose, KEY_BYTES)));
  }
}

/**
 * Reads a ring from text: one key per line (or separated by commas), `ID:KEY` with the key as base64 of 32 bytes, the primary first.
 * Empty lines and lines that begin with `#` are passed over. Throws `kek_malformed`; the error names the line, never its content.
 */
export function parseKeyRing(text: string): KeyRing {
  const keys = new Map<string, KeyObject>();
  for (const [index, line] of text.split(/[\r\n,]/).entries()) {
    const entry = line.trim();
    if (entry === "" || entry.startsWith("#")) continue;
    const [id, key] = parseEntry(entry, index + 1);
    if (keys.has(id)) throw malformed(`key id ${id} stands there twice`);
    keys.set(id, key);
  }
  const [primaryId] = keys.keys();
  if (primaryId === undefined) throw malformed("it holds no key");
  return new KeyRing(primaryId, keys);
}

/** A ring from keys that somebody else unwrapped, the primary first; their bytes are overwritten. Throws `kek_malformed`. */
export function keyRingOf(entries: readonly { readonly id: string; readonly bytes: Buffer }[]): KeyRing {
  const keys = new Map<string, KeyObject>();
  for (const { id, bytes } of entries) {
    if (!KEY_ID.test(id) || bytes.length !== KEY_BYTES) throw malformed(`key ${id} does not hold 32 bytes`);
    if (keys.has(id)) throw malformed(`key id ${id} stands there twice`);
    keys.set(id, createSecretKey(bytes));
    bytes.fill(0);
  }
  const [primaryId] = keys.keys();
  if (primaryId === undefined) throw malformed("it holds no key");
  return new KeyRing(primaryId, keys);
}

/** One entry as `parseKeyRing` reads it, for a file of its own. */
export function formatKeyRingEntry(id: string, key: Uint8Array): string {
  return `${id}:${Buffer.from(key).toString("base64")}\n`;
}

function parseEntry(entry: string, number: number): [string, KeyObject] {
  const [id = "", encoded = "", ...rest] = entry.split(":").map((part) => part.trim());
  const bytes = Buffer.from(encoded, "base64");
  const exact = bytes.toString("base64").replace(/=+$/, "") === encoded.replace(/=+$/, "");
  if (!KEY_ID.test(id) || rest.length > 0 || !exact || bytes.length !== KEY_BYTES)
    throw malformed(`entry ${number} is not ID:KEY with 32 bytes in base64`);
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return [id, key];
}

function malformed(detail: string): EvergrantError {
  return new EvergrantError("kek_malformed", { detail });
}
