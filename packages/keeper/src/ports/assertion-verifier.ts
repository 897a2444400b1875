import type { Claims, Secret } from "@evergrant/core";
import type { KeySource } from "./caller-store.ts";

/** The algorithms by which an assertion may be signed: of key pairs alone, so neither `none` nor one that a secret is enough for. */
export const ASSERTION_ALGORITHMS = [
  ...["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
] as const;

/** Keys of whoever signs: from a place, or found by the issuer's own metadata. */
export type SignerKeys = KeySource | { readonly kind: "discovery"; readonly issuer: string };

export type Verification =
  | { readonly kind: "signed"; readonly claims: Claims; readonly type: string | null }
  | { readonly kind: "not-signed" }
  /** The keys cannot be had: whether it is signed is not known. */
  | { readonly kind: "no-keys"; readonly reason: string };

/** Checks signatures. Keys are fetched, kept and replaced behind it. */
export interface AssertionVerifier {
  /** Why keys cannot be had from there, found out without asking; null where they may be. */
  flawOf(keys: SignerKeys): Promise<string | null>;
  /** Whether an assertion is signed with one of these keys. What it says is not looked at. */
  verify(assertion: Secret, keys: SignerKeys): Promise<Verification>;
}
