import type { Secret } from "@evergrant/core";

/**
 * A service that holds a key which never leaves it, and encrypts by it the keys of our ring: asked when a node starts or a key is made,
 * never to serve a token. What it gives back is text without white space.
 */
export interface KeyManagement {
  /** @throws kms_unavailable · kms_refused */
  encrypt(keyId: string, plain: Uint8Array): Promise<string>;
  /** @throws kms_unavailable · kms_refused */
  decrypt(keyId: string, cipher: string): Promise<Buffer>;
}

export type KeyManagementChoice =
  | {
      readonly kind: "aws";
      /** Key id, ARN or `alias/…`. */
      readonly key: string;
      readonly region: string;
      /** Null: the region's own. */
      readonly endpoint: string | null;
      readonly accessKeyId: string;
      readonly secretAccessKey: Secret;
      readonly sessionToken: Secret | null;
    }
  | {
      readonly kind: "vault";
      /** `https://vault.example:8200` */
      readonly address: string;
      /** Where the Transit engine is mounted. */
      readonly mount: string;
      readonly key: string;
      readonly token: Secret;
      readonly namespace: string | null;
    };
