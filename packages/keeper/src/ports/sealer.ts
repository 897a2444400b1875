import type { Secret } from "@evergrant/core";

/** A data key wrapped by a key-encryption key; opens only where that key is at hand. */
export type WrappedKey = string & { readonly __kind: "wrapped-key" };
/** AES-256-GCM: nonce, ciphertext and tag, as text fit for a column. */
export type Sealed = string & { readonly __kind: "sealed" };

/**
 * What a sealed value belongs to; bound into it (AAD), so that it opens nowhere else.
 * `owner`: a grant, app or consent id, or the key of a create. `chain` and `version` are empty strings where they do not apply.
 */
export interface SealContext {
  readonly owner: string;
  readonly chain: string;
  readonly kind:
    | "refresh-token"
    | "access-token"
    | "client-secret"
    | "code-verifier"
    | "webhook-secret"
    | "data-key"
    | "answer";
  readonly version: string;
}

/** Seals with one data key per owner, wrapped by the key ring's primary key. Bound to one deployment. */
export interface Sealer {
  newDataKey(owner: string): WrappedKey;
  seal(key: WrappedKey, context: SealContext, plain: Secret): Sealed;
  /** Throws where key, context or value do not fit together: that is never normal. */
  open(key: WrappedKey, context: SealContext, sealed: Sealed): Secret;
  /** HMAC-SHA256 under a key derived for `purpose`, base64url: links and fingerprints that only this deployment can make. */
  authenticate(purpose: "consent-link" | "token-fingerprint" | "browser" | "create", text: string): string;
}
