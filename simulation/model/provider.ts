import type { Laws } from "./plan.ts";
import { NONE, newToken, type Token, tokenAt, type World } from "./world.ts";

/** Whether the provider would answer a refresh with this token by giving tokens. */
export function accepts(world: World, index: number, laws: Laws): boolean {
  const token = tokenAt(world, index);
  if (token.revoked) return false;
  if (!token.used) return true;
  if (laws.mode.rotation === "strict" || token.age > laws.ticks.grace) return false;
  if (laws.mode.closesWhen === "successor-used" && hasUsedSuccessor(world, index)) return false;
  return laws.mode.retry !== "same" || unspentSuccessor(world, index) !== NONE;
}

/** The provider carries out a refresh: the successor it gives, or NONE for `invalid_grant`. */
export function spend(world: World, index: number, laws: Laws): number {
  const token = tokenAt(world, index);
  if (!accepts(world, index, laws)) {
    if (laws.mode.reuse === "family-revoked" && token.used && !token.revoked) revokeChain(world, token.chain);
    return NONE;
  }
  if (!token.used) {
    token.used = true;
    token.age = 0;
    return issue(world, index);
  }
  switch (laws.mode.retry) {
    case "same":
      return unspentSuccessor(world, index);
    case "supersede":
      for (const other of world.tokens) if (other.parent === index && !other.used) other.revoked = true;
      return issue(world, index);
    case "sibling":
      return issue(world, index);
  }
}

/** Every token of one consent dies. */
export function revokeChain(world: World, chain: number): void {
  for (const token of world.tokens) if (token.chain === chain) token.revoked = true;
}

/** Whether `ancestor` stands before `index` in its line. */
export function isAncestor(world: World, ancestor: number, index: number): boolean {
  for (let at = tokenAt(world, index).parent; at !== NONE; at = tokenAt(world, at).parent)
    if (at === ancestor) return true;
  return false;
}

function issue(world: World, parent: number): number {
  return world.tokens.push(newToken(parent, tokenAt(world, parent).chain)) - 1;
}

function hasUsedSuccessor(world: World, parent: number): boolean {
  return world.tokens.some((token) => token.parent === parent && token.used);
}

function unspentSuccessor(world: World, parent: number): number {
  const unspent = (token: Token) => token.parent === parent && !token.used && !token.revoked;
  return world.tokens.findIndex(unspent);
}
