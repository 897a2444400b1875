import { hash, timingSafeEqual } from "node:crypto";
import type { Secret } from "@evergrant/core";

/** SHA-256, hex: how a random 256-bit secret is kept. */
export function digest(secret: Secret): string {
  return hash("sha256", secret.reveal(), "hex");
}

/** Compares two digests of equal length in constant time. */
export function sameDigest(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** S256 of RFC 7636 §4.2. */
export function codeChallenge(verifier: Secret): string {
  return hash("sha256", verifier.reveal(), "base64url");
}
