import { createHash, createHmac } from "node:crypto";
import type { Mint } from "./engine/index.ts";

/** Mints by HMAC-SHA-256 from one seed: the same seed and the same order of calls give the same sandbox. The seed changes with a restored snapshot. */
export function seededMint(seedNow: () => string): Mint {
  const keyNow = keyFollowing(seedNow);
  const draw = (use: string, label: string) => createHmac("sha256", keyNow()).update(`${use}\n${label}`).digest();
  return {
    hex32: (label) => draw("hex32", label).toString("hex").slice(0, 32),
    uuid: (label) => uuidFrom(draw("uuid", label)),
    secret: (label) => draw("secret", label).toString("base64url"),
    hash: (secret) => createHash("sha256").update(secret).digest("hex"),
  };
}

function keyFollowing(seedNow: () => string): () => Buffer {
  let seed: string | null = null;
  let key = Buffer.alloc(0);
  return () => {
    const now = seedNow();
    if (now !== seed) {
      seed = now;
      key = createHash("sha256").update(`sandbox seed ${now}`).digest();
    }
    return key;
  };
}

function uuidFrom(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
