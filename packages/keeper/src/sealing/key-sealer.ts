import { createHmac, createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { EvergrantError, Secret } from "@evergrant/core";
import type { Chance } from "../ports/chance.ts";
import type { SealContext, Sealed, Sealer, WrappedKey } from "../ports/sealer.ts";
import { closeBox, openBox } from "./authenticated-box.ts";
import { openKeyCheck } from "./key-check.ts";
import type { KeyRing } from "./key-ring.ts";
import { unwrapKey, wrapFreshKey } from "./wrapped-keys.ts";

/** Unwrapped data keys that are kept; a refresh needs its grant's again and again, a dump of the process should not hold all. */
const KEYS_KEPT = 1_000;

export interface SealerIngredients {
  readonly ring: KeyRing;
  readonly deployment: string;
  /** The deployment's key-check value, as `makeKeyCheck` made it. */
  readonly keyCheck: string;
  readonly chance: Chance;
}

/**
 * Seals under one data key per owner: whoever destroys that key destroys every copy of what it sealed.
 * Throws `kek_wrong` where the ring does not open the deployment's key-check value.
 */
export function keySealer(ingredients: SealerIngredients): Sealer {
  return new KeySealer(ingredients);
}

class KeySealer implements Sealer {
  readonly #ring: KeyRing;
  readonly #deployment: string;
  readonly #chance: Chance;
  readonly #deploymentKey: KeyObject;
  readonly #dataKeys = new Map<string, KeyObject>();
  readonly #purposeKeys = new Map<string, KeyObject>();

  constructor({ ring, deployment, keyCheck, chance }: SealerIngredients) {
    this.#ring = ring;
    this.#deployment = deployment;
    this.#chance = chance;
    this.#deploymentKey = openKeyCheck(ring, deployment, keyCheck);
  }

  newDataKey(owner: string): WrappedKey {
    return wrapFreshKey(this.#ring, this.#keyContext(owner), this.#chance) as WrappedKey;
  }

  seal(key: WrappedKey, context: SealContext, plain: Secret): Sealed {
    const inside = { plain: Buffer.from(plain.reveal(), "utf8"), nonce: this.#chance.bytes(12) };
    return closeBox(this.#dataKey(key, context.owner), this.#valueContext(context), inside) as Sealed;
  }

  open(key: WrappedKey, context: SealContext, sealed: Sealed): Secret {
    const plain = openBox(this.#dataKey(key, context.owner), this.#valueContext(context), sealed);
    if (plain === null) throw misfit(`a sealed ${context.kind} of ${context.owner}`);
    return new Secret(plain.toString("utf8"));
  }

  authenticate(purpose: "consent-link" | "token-fingerprint" | "browser" | "create", text: string): string {
    return createHmac("sha256", this.#purposeKey(purpose)).update(text, "utf8").digest("base64url");
  }

  #dataKey(wrapped: WrappedKey, owner: string): KeyObject {
    const name = `${wrapped} ${owner}`;
    const key = this.#dataKeys.get(name) ?? unwrapKey(this.#ring, this.#keyContext(owner), wrapped);
    if (key === null) throw misfit(`the data key of ${owner}`);
    // Put last on each use: the first of the map is the one unused for longest.
    this.#dataKeys.delete(name);
    this.#dataKeys.set(name, key);
    const [oldest] = this.#dataKeys.keys();
    if (this.#dataKeys.size > KEYS_KEPT && oldest !== undefined) this.#dataKeys.delete(oldest);
    return key;
  }

  #purposeKey(purpose: string): KeyObject {
    const known = this.#purposeKeys.get(purpose);
    if (known !== undefined) return known;
    const derived = hkdfSync("sha256", this.#deploymentKey, "", `evergrant/authenticate/1/${purpose}`, 32);
    const key = createSecretKey(Buffer.from(derived));
    this.#purposeKeys.set(purpose, key);
    return key;
  }

  #keyContext(owner: string): readonly string[] {
    return dataKeyContext(this.#deployment, owner);
  }

  // I7 right token: a ciphertext opens for the owner, chain, kind and version it was sealed for, and for nothing else.
  #valueContext({ owner, chain, kind, version }: SealContext): readonly string[] {
    return ["evergrant/sealed/1", this.#deployment, owner, chain, kind, version];
  }
}

/** What a data key is bound to. */
export function dataKeyContext(deployment: string, owner: string): readonly string[] {
  return ["evergrant/data-key/1", deployment, owner];
}

function misfit(what: string): EvergrantError {
  return new EvergrantError("internal_error", { detail: `${what} does not open: wrong place, wrong key or damaged` });
}
