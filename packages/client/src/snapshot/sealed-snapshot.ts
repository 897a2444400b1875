import { createCipheriv, createDecipheriv, createHash, createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import type { Tenant } from "../client.ts";
import { type ClientError, clientError } from "../errors.ts";
import { Secret } from "../secret.ts";
import type { Chance } from "../time.ts";

/** What a snapshot holds. Instants are on the wall clock, which alone outlives a process. */
export interface Snapshot {
  readonly savedAtMs: number;
  readonly tokens: ReadonlyMap<string, SavedToken>;
}

export interface SavedToken {
  readonly accessToken: Secret;
  readonly scope: string;
  readonly tenants: readonly Tenant[];
  readonly expiresAtMs: number;
}

/** Whose snapshot it is, and what it is sealed with. */
export interface SnapshotSeal {
  /** Evergrant's address and the caller's id: another caller's snapshot is never opened, whatever the key. */
  readonly owner: readonly [url: string, clientId: string];
  /** At least 256 unpredictable bits. */
  readonly key: Uint8Array;
}

const FORMAT = "evergrant-client-snapshot";
const VERSION = 1;

interface Header {
  readonly format: string;
  readonly version: number;
  readonly owner: string;
  readonly keyId: string;
  readonly salt: string;
  readonly nonce: string;
}

/** AES-256-GCM under a key of its own (HKDF, RFC 5869, with a fresh salt), bound to everything that stands in clear beside it. */
export function sealSnapshot(snapshot: Snapshot, seal: SnapshotSeal, chance: Chance): string {
  const salt = chance.bytes(32);
  const nonce = chance.bytes(12);
  const header: Header = {
    ...{ format: FORMAT, version: VERSION, owner: ownerOf(seal), keyId: keyIdOf(seal) },
    ...{ salt: base64(salt), nonce: base64(nonce) },
  };
  const cipher = createCipheriv("aes-256-gcm", derivedKey(seal, salt), nonce);
  cipher.setAAD(boundTo(header));
  const sealed = Buffer.concat([cipher.update(plainText(snapshot)), cipher.final(), cipher.getAuthTag()]);
  return `${JSON.stringify({ ...header, sealed: base64(sealed) })}\n`;
}

/** The snapshot, or why it is not used: `snapshot_damaged`, `snapshot_key_changed`, `snapshot_foreign`, `snapshot_newer`. */
export function openSnapshot(text: string, seal: SnapshotSeal): Snapshot | ClientError {
  const file = parsed(text);
  if (file?.["format"] !== FORMAT) return clientError("snapshot_foreign", "it is not a snapshot of this package");
  if (typeof file["version"] === "number" && file["version"] > VERSION) return clientError("snapshot_newer");
  if (!isHeader(file) || typeof file["sealed"] !== "string") return clientError("snapshot_damaged");
  if (file.owner !== ownerOf(seal)) return clientError("snapshot_foreign");
  if (file.keyId !== keyIdOf(seal)) return clientError("snapshot_key_changed");
  try {
    const sealed = Buffer.from(file["sealed"], "base64");
    const key = derivedKey(seal, Buffer.from(file.salt, "base64"));
    const nonce = Buffer.from(file.nonce, "base64");
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: 16 });
    decipher.setAAD(boundTo(file));
    decipher.setAuthTag(sealed.subarray(-16));
    const plain = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    return snapshotOf(JSON.parse(plain.toString("utf8")));
  } catch {
    return clientError("snapshot_damaged");
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

// Hashed, so that the file does not tell a passer-by who asks whom.
function ownerOf({ owner }: SnapshotSeal): string {
  return createHash("sha256")
    .update(JSON.stringify([FORMAT, ...owner]))
    .digest("base64");
}

function keyIdOf({ key }: SnapshotSeal): string {
  return base64(new Uint8Array(hkdfSync("sha256", key, "", `${FORMAT} key id`, 12)));
}

function derivedKey({ key }: SnapshotSeal, salt: Uint8Array): KeyObject {
  return createSecretKey(new Uint8Array(hkdfSync("sha256", key, salt, `${FORMAT} key`, 32)));
}

function boundTo({ format, version, owner, keyId, salt, nonce }: Header): Buffer {
  return Buffer.from(JSON.stringify([format, version, owner, keyId, salt, nonce]));
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

function isHeader(file: Readonly<Record<string, unknown>>): file is Readonly<Record<string, unknown>> & Header {
  return (
    file["version"] === VERSION &&
    ["owner", "keyId", "salt", "nonce"].every((member) => typeof file[member] === "string")
  );
}

interface PlainSnapshot {
  readonly savedAtMs: number;
  readonly tokens: readonly {
    readonly connection: string;
    readonly accessToken: string;
    readonly scope: string;
    readonly tenants: readonly Tenant[];
    readonly expiresAtMs: number;
  }[];
}

function plainText({ savedAtMs, tokens }: Snapshot): string {
  const plain: PlainSnapshot = {
    savedAtMs,
    tokens: [...tokens].map(([connection, token]) => ({
      ...{ connection, accessToken: token.accessToken.reveal(), scope: token.scope },
      ...{ tenants: token.tenants, expiresAtMs: token.expiresAtMs },
    })),
  };
  return JSON.stringify(plain);
}

// Only this package has the key, so what opens is what was sealed.
function snapshotOf({ savedAtMs, tokens }: PlainSnapshot): Snapshot {
  return {
    savedAtMs,
    tokens: new Map(
      tokens.map(({ connection, accessToken, ...more }) => [
        connection,
        { ...more, accessToken: new Secret(accessToken) },
      ]),
    ),
  };
}
