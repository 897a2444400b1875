import { createHash } from "node:crypto";
import {
  type CryptoKey,
  compactVerify,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTPayload,
  SignJWT,
} from "jose";
import type { SandboxDatabase, StoredKey } from "./store/sandbox-database.ts";

/** Signs and checks the sandbox's JWTs (RS256, with Xero's header members). */
export interface SigningKeys {
  sign(claims: JWTPayload): Promise<string>;
  /** The claims if one of our keys signed it, else null. Times are not looked at: the ledger knows them. */
  read(jwt: string): Promise<JWTPayload | null>;
  /** What the JWKS endpoint publishes, oldest first; the newest signs. */
  jwks(): { readonly keys: readonly JWK[] };
  /** Makes a key that signs from now on. */
  rotate(nowMs: number): Promise<void>;
  /** Forgets an old key. */
  retire(kid: string): void;
  /** The keys as they are stored, private parts included. */
  stored(): readonly StoredKey[];
  /** Reads stored keys; the returned function makes them those that sign and are published. Rejects if one is no key. */
  prepare(stored: readonly StoredKey[]): Promise<() => void>;
}

/** Takes the keys from the database, or makes the first one. */
export async function loadSigningKeys(database: SandboxDatabase, nowMs: number): Promise<SigningKeys> {
  if (database.signingKeys().length === 0) database.addSigningKey(await makeKey(nowMs));
  let keys = await Promise.all(database.signingKeys().map((stored) => useKey(stored.kid, stored.privateJwk)));
  return {
    sign(claims) {
      const newest = keys.at(-1);
      if (newest === undefined) throw new Error("there is always a signing key");
      return new SignJWT(claims).setProtectedHeader(newest.header).sign(newest.privateKey);
    },
    read: (jwt) => readJwt(jwt, (kid) => keys.find((key) => key.header.kid === kid)?.publicKey),
    jwks: () => ({ keys: keys.map((key) => key.publicJwk) }),
    async rotate(nowMs) {
      const made = await makeKey(nowMs);
      const added = await useKey(made.kid, made.privateJwk);
      database.addSigningKey(made);
      keys = [...keys, added];
    },
    retire(kid) {
      database.removeSigningKey(kid);
      keys = keys.filter((key) => key.header.kid !== kid);
    },
    stored: () => database.signingKeys(),
    async prepare(stored) {
      const read = await Promise.all(stored.map(({ kid, privateJwk }) => useKey(kid, privateJwk)));
      return () => {
        keys = read;
      };
    },
  };
}

async function makeKey(nowMs: number) {
  const { privateKey } = await generateKeyPair("RS256", { modulusLength: 2048, extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = createHash("sha1").update(`${jwk.n}.${jwk.e}`).digest("hex").toUpperCase();
  return { kid, privateJwk: JSON.stringify(jwk), createdAtMs: nowMs };
}

async function useKey(kid: string, stored: string) {
  const jwk = JSON.parse(stored) as JWK;
  const { kty, n, e } = jwk;
  // Xero's kid is the certificate thumbprint in hex and x5t the same bytes in base64url.
  const header = { alg: "RS256", kid, typ: "JWT", x5t: Buffer.from(kid, "hex").toString("base64url") };
  const publicJwk = { kty, use: "sig", alg: "RS256", kid, x5t: header.x5t, n, e } as JWK;
  const privateKey = (await importJWK(jwk, "RS256")) as CryptoKey;
  const publicKey = (await importJWK(publicJwk, "RS256")) as CryptoKey;
  return { header, publicJwk, privateKey, publicKey };
}

async function readJwt(jwt: string, keyOf: (kid: string) => CryptoKey | undefined): Promise<JWTPayload | null> {
  try {
    const { payload } = await compactVerify(
      jwt,
      (header) => {
        const key = keyOf(header.kid ?? "");
        if (key === undefined) throw new Error("unknown kid");
        return key;
      },
      { algorithms: ["RS256"] },
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(payload));
    return typeof claims === "object" && claims !== null ? (claims as JWTPayload) : null;
  } catch {
    return null;
  }
}
