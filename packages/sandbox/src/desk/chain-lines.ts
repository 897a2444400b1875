import type { TreeToken } from "../control/token-trees.ts";

/** One token on a line of its own, indented as far as its line of descent is off the main one. */
export interface ChainLine {
  readonly token: TreeToken;
  readonly depth: number;
  /** `sibling`: given for a repeat, and nobody went on with it. `branch`: where a fork goes on. */
  readonly mark: "chain" | "sibling" | "branch";
  /** How many of its successors were used: more than one is a fork. */
  readonly usedSuccessors: number;
}

/** Lays a family out as lines, parents before children. A chain stays at its depth however long; only siblings and forks are indented. */
export function chainLines(tokens: readonly TreeToken[]): readonly ChainLine[] {
  const byHash = new Map(tokens.map((token) => [token.hash, token]));
  const lines: ChainLine[] = [];
  const next: Omit<ChainLine, "usedSuccessors">[] = tokens
    .filter(({ parentHash }) => parentHash === null || !byHash.has(parentHash))
    .map((token) => ({ token, depth: 0, mark: "chain" as const }))
    .toReversed();
  for (let line = next.pop(); line !== undefined; line = next.pop()) {
    const children = line.token.successorHashes.flatMap((hash) => byHash.get(hash) ?? []);
    const used = children.filter(({ useCount }) => useCount > 0);
    lines.push({ ...line, usedSuccessors: used.length });
    next.push(...below(line.depth, children, used).toReversed());
  }
  return lines;
}

function below(
  depth: number,
  children: readonly TreeToken[],
  used: readonly TreeToken[],
): readonly Omit<ChainLine, "usedSuccessors">[] {
  const onward = used.length > 1 ? used : [used[0] ?? children.at(-1)].filter((token) => token !== undefined);
  const siblings = children.filter((token) => !onward.includes(token));
  return [
    ...siblings.map((token) => ({ token, depth: depth + 1, mark: "sibling" as const })),
    ...onward.map((token) =>
      used.length > 1 ? { token, depth: depth + 1, mark: "branch" as const } : { token, depth, mark: "chain" as const },
    ),
  ];
}
