import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Claims, Limits, Network, Secret } from "@evergrant/core";
import { compactVerify, decodeProtectedHeader, type ProtectedHeaderParameters } from "jose";
import {
  ASSERTION_ALGORITHMS,
  type AssertionVerifier,
  type SignerKeys,
  type Verification,
} from "../ports/assertion-verifier.ts";
import type { Time } from "../ports/time.ts";
import { FetchFailed, type GuardedFetch, type GuardedFetchOptions, guardedFetch } from "./guarded-fetch.ts";
import { KeptKeys, type KeysFound } from "./kept-keys.ts";
import { flawOfKeys, keysOfSet, type UsableKey, usableKeys } from "./public-keys.ts";

export interface AssertionVerifierOptions {
  /** The keeper's own clock, by which keys grow old. */
  readonly time: Pick<Time, "monotonicMs">;
  readonly sockets: GuardedFetchOptions["time"];
  readonly limits: Pick<Limits, "keysFreshMs" | "keysKeptMs" | "keysAskedMs">;
  /** Where files of keys lie: there alone, by their names. */
  readonly folder: string;
  /** Where keys may be fetched besides the open internet. */
  readonly networks: readonly Network[];
  readonly lookup?: NonNullable<GuardedFetchOptions["lookup"]>;
}

/** Checks signatures of assertions, with keys by value, from a URL, by discovery or from a file. */
export function assertionVerifier(
  options: AssertionVerifierOptions,
): AssertionVerifier & { readonly close: () => Promise<void> } {
  const { time, limits, folder, sockets, networks, lookup } = options;
  const fetching = guardedFetch({ time: sockets, networks, ...(lookup === undefined ? {} : { lookup }) });
  const kept = new KeptKeys(time, limits);
  const given = new WeakMap<object, readonly UsableKey[]>();
  const find = async (keys: SignerKeys, isThere: (keys: readonly UsableKey[]) => boolean): Promise<KeysFound> => {
    if (keys.kind !== "keys")
      return await kept.find(JSON.stringify(keys), () => load(keys, { fetching, folder }), isThere);
    const known = given.get(keys.keys) ?? usableKeys(keys.keys);
    given.set(keys.keys, known);
    return { kind: "found", keys: known };
  };
  return {
    flawOf: (keys) => flawOf(keys, fetching),
    verify: (assertion, keys) => verify(assertion, (isThere) => find(keys, isThere)),
    close: () => fetching.close(),
  };
}

async function flawOf(keys: SignerKeys, fetching: GuardedFetch): Promise<string | null> {
  switch (keys.kind) {
    case "keys":
      return await flawOfKeys(keys.keys);
    case "url":
      return fetching.flawOf(keys.url);
    case "discovery":
      return fetching.flawOf(keys.issuer);
    case "file":
      return FILE_NAME.test(keys.file) ? null : "a file of keys is named by its name alone, as in cluster.json";
  }
}

const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,100}\.json$/;

type FindKeys = (isThere: (keys: readonly UsableKey[]) => boolean) => Promise<KeysFound>;

/** A key set without key ids may hold more keys than anybody tries. */
const MOST_TRIED = 10;

async function verify(assertion: Secret, find: FindKeys): Promise<Verification> {
  const text = assertion.reveal();
  const header = headerOf(text);
  if (header === null) return { kind: "not-signed" };
  const fitting = (keys: readonly UsableKey[]) => keys.filter((key) => fits(key, header));
  const found = await find((keys) => fitting(keys).length > 0);
  if (found.kind === "none") return { kind: "no-keys", reason: found.reason };
  for (const { jwk } of fitting(found.keys).slice(0, MOST_TRIED)) {
    const claims = await compactVerify(text, jwk, { algorithms: [header.algorithm] }).then(
      ({ payload }) => claimsOf(payload),
      () => null,
    );
    if (claims !== null) return { kind: "signed", claims, type: header.type };
  }
  return { kind: "not-signed" };
}

interface Header {
  readonly algorithm: string;
  readonly keyId: string | null;
  readonly type: string | null;
}

// Of what the header says, only these are looked at: no key, certificate or address in it is ever used.
function headerOf(text: string): Header | null {
  let header: ProtectedHeaderParameters;
  try {
    header = decodeProtectedHeader(text);
  } catch {
    return null;
  }
  const { alg, kid, typ } = header;
  if (!ASSERTION_ALGORITHMS.some((known) => known === alg) || alg === undefined) return null;
  return {
    algorithm: alg,
    keyId: typeof kid === "string" ? kid : null,
    type: typeof typ === "string" ? typ.toLowerCase() : null,
  };
}

function fits(key: UsableKey, { algorithm, keyId }: Header): boolean {
  return key.algorithms.includes(algorithm) && (keyId === null || key.id === null || key.id === keyId);
}

function claimsOf(payload: Uint8Array): Claims | null {
  try {
    const claims: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
    return typeof claims === "object" && claims !== null && !Array.isArray(claims) ? (claims as Claims) : null;
  } catch {
    return null;
  }
}

async function load(
  keys: SignerKeys,
  { fetching, folder }: { readonly fetching: GuardedFetch; readonly folder: string },
): Promise<readonly UsableKey[]> {
  switch (keys.kind) {
    case "keys":
      return usableKeys(keys.keys);
    case "url":
      return whole(await fetching.json(keys.url));
    case "discovery":
      return whole(await fetching.json(await keysAddress(fetching, keys.issuer)));
    case "file":
      return whole(await readKeys(join(folder, keys.file)));
  }
}

// OpenID Connect Discovery §4.1 and §4.3: the document is the issuer's own only if it says so, character for character.
async function keysAddress(fetching: GuardedFetch, issuer: string): Promise<string> {
  const metadata = await fetching.json(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (typeof metadata !== "object" || metadata === null) throw new FetchFailed("the issuer's metadata is no object");
  if (!("issuer" in metadata) || metadata.issuer !== issuer)
    throw new FetchFailed("the issuer's metadata is of another issuer");
  if (!("jwks_uri" in metadata) || typeof metadata.jwks_uri !== "string")
    throw new FetchFailed("the issuer's metadata names no keys");
  return metadata.jwks_uri;
}

async function readKeys(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as unknown;
  } catch {
    throw new FetchFailed("the file of keys is not there, or cannot be read as JSON");
  }
}

function whole(set: unknown): readonly UsableKey[] {
  const keys = keysOfSet(set);
  if (keys === null) throw new FetchFailed("this is no key set");
  return keys;
}
