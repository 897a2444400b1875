import { importJWK, type JWK } from "jose";
import type { PublicKey } from "../ports/caller-store.ts";

/** A public key and what it may be asked to check. */
export interface UsableKey {
  readonly id: string | null;
  readonly algorithms: readonly string[];
  /** Only the members that make the key; kept as one object, by which the library remembers it. */
  readonly jwk: JWK;
}

const MOST_KEYS = 50;
const SMALLEST_RSA_BYTES = 256;

/** The keys of a JSON Web Key Set that may check assertions; others in it are for something else. Null for what is no such set. */
export function keysOfSet(set: unknown): readonly UsableKey[] | null {
  if (typeof set !== "object" || set === null || !("keys" in set) || !Array.isArray(set.keys)) return null;
  return set.keys.slice(0, MOST_KEYS).flatMap((key: unknown) => {
    const usable = isObject(key) ? usableKey(key) : "no object";
    return typeof usable === "string" ? [] : [usable];
  });
}

/** What is wrong with keys that somebody means to be used, every one of them; null where nothing is. */
export async function flawOfKeys(keys: readonly PublicKey[]): Promise<string | null> {
  if (keys.length === 0 || keys.length > MOST_KEYS) return `give 1 to ${MOST_KEYS} keys`;
  for (const key of keys) {
    const usable = usableKey(key);
    if (typeof usable === "string") return usable;
    const [algorithm = ""] = usable.algorithms;
    const imported = await importJWK({ ...usable.jwk }, algorithm).catch(() => null);
    if (imported === null) return "a key cannot be read";
  }
  return null;
}

export function usableKeys(keys: readonly PublicKey[]): readonly UsableKey[] {
  return keysOfSet({ keys }) ?? [];
}

function usableKey(key: PublicKey): UsableKey | string {
  const { kid, alg, use, key_ops: operations } = key;
  if (PRIVATE_PARTS.some((part) => part in key))
    return "this is a private or a shared key, which has no place here: make a new pair, and give its public part";
  if (use !== undefined && use !== "sig") return "a key is not for signatures";
  if (Array.isArray(operations) && !operations.includes("verify")) return "a key is not for checking signatures";
  const kind = KINDS.find(({ kty, crv }) => kty === key["kty"] && (crv === null || crv === key["crv"]));
  if (kind === undefined) return "a key is of no kind that is taken: RSA, EC on P-256, P-384 or P-521, Ed25519";
  const parts = kind.parts.map((part) => [part, key[part]] as const);
  if (!parts.every(([, value]) => typeof value === "string")) return "a key is not whole";
  if (kind.kty === "RSA" && Buffer.from(String(key["n"]), "base64url").length < SMALLEST_RSA_BYTES)
    return "an RSA key has to have 2048 bits or more";
  const algorithms = kind.algorithms.filter((algorithm) => alg === undefined || alg === algorithm);
  if (algorithms.length === 0) return "a key is for an algorithm that is not taken";
  return { id: typeof kid === "string" ? kid : null, algorithms, jwk: Object.fromEntries(parts) as JWK };
}

const PRIVATE_PARTS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

const KINDS = [
  {
    ...{ kty: "RSA", crv: null, parts: ["kty", "n", "e"] },
    algorithms: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  },
  { kty: "EC", crv: "P-256", parts: ["kty", "crv", "x", "y"], algorithms: ["ES256"] },
  { kty: "EC", crv: "P-384", parts: ["kty", "crv", "x", "y"], algorithms: ["ES384"] },
  { kty: "EC", crv: "P-521", parts: ["kty", "crv", "x", "y"], algorithms: ["ES512"] },
  { kty: "OKP", crv: "Ed25519", parts: ["kty", "crv", "x"], algorithms: ["Ed25519", "EdDSA"] },
] as const;

const isObject = (value: unknown): value is PublicKey =>
  typeof value === "object" && value !== null && !Array.isArray(value);
