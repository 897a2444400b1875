import type { Chance } from "../ports/chance.ts";

/** A fresh name of 128 random bits, base64url after its prefix: `gr_…`. */
export function newId<Id extends string>(prefix: string, chance: Chance): Id {
  return `${prefix}_${Buffer.from(chance.bytes(16)).toString("base64url")}` as Id;
}

/** 256 random bits, base64url: a secret that needs no slow hash. */
export function newSecretText(chance: Chance): string {
  return Buffer.from(chance.bytes(32)).toString("base64url");
}
