import { createHmac } from "node:crypto";
import type { Secret } from "@evergrant/core";

/** The secret as people copy it is this prefix and the key in base64 (Standard Webhooks, "Signature scheme"). */
const SECRET_PREFIX = "whsec_";

export interface Signed {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  readonly body: string;
}

/** `webhook-signature` of Standard Webhooks: one `v1` signature for each secret, so that receivers of the old and of the new one are served. */
export function signatureOf({ id, timestamp, body }: Signed, secrets: readonly Secret[]): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.reveal().slice(SECRET_PREFIX.length), "base64");
      return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
    })
    .join(" ");
}
