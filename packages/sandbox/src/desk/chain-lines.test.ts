import fc from "fast-check";
import { expect, test } from "vitest";
import type { TreeToken } from "../control/token-trees.ts";
import { chainLines } from "./chain-lines.ts";

/** A family from each token's parent: the name is `parent` and a letter, so that a hash tells its line of descent. */
function family(parents: readonly (number | null)[]): readonly TreeToken[] {
  const children = (index: number) => parents.flatMap((parent, child) => (parent === index ? [String(child)] : []));
  return parents.map((parent, index) => ({
    hash: String(index),
    generation: 1,
    parentHash: parent === null ? null : String(parent),
    successorHashes: children(index),
    state: "live",
    revokedReason: null,
    issuedAtMs: 0,
    expiresAtMs: 0,
    firstUsedAtMs: null,
    lastUsedAtMs: null,
    useCount: children(index).length,
    refusals: 0,
    access: null,
  }));
}

const drawn = (tokens: readonly TreeToken[]) =>
  chainLines(tokens).map(({ token, depth, mark }) => `${"  ".repeat(depth)}${token.hash} ${mark}`);

test("a chain stays where it is, however long", () => {
  const chain = family(Array.from({ length: 1000 }, (_, index) => (index === 0 ? null : index - 1)));
  expect(new Set(chainLines(chain).map(({ depth }) => depth))).toEqual(new Set([0]));
});

test("a sibling that nobody used is set off; the chain goes on with the one that was used", () => {
  expect(drawn(family([null, 0, 0, 2]))).toEqual(["0 chain", "  1 sibling", "2 chain", "3 chain"]);
});

test("where two successors were used the family forks", () => {
  const lines = chainLines(family([null, 0, 0, 1, 2]));
  expect(lines.map(({ usedSuccessors }) => usedSuccessors)).toEqual([2, 0, 0, 0, 0]);
  expect(drawn(family([null, 0, 0, 1, 2]))).toEqual(["0 chain", "  1 branch", "  3 chain", "  2 branch", "  4 chain"]);
});

test("every token has one line, below its parent and at most one step off its depth", () => {
  const anyFamily = fc
    .array(fc.nat(), { maxLength: 60 })
    .map((draws) => family([null, ...draws.map((draw, index) => draw % (index + 1))]));
  fc.assert(
    fc.property(anyFamily, (tokens) => {
      const lines = chainLines(tokens);
      const at = new Map(lines.map((line, index) => [line.token.hash, { ...line, index }]));
      expect(lines).toHaveLength(tokens.length);
      for (const { token, depth } of lines) {
        const parent = at.get(token.parentHash ?? "");
        if (parent === undefined) continue;
        expect(parent.index).toBeLessThan(at.get(token.hash)?.index ?? -1);
        expect([parent.depth, parent.depth + 1]).toContain(depth);
      }
    }),
  );
});
