import { chainOf, type GrantId, type TokenVersionId } from "@evergrant/core";
import { type AuditorView, checker } from "./checker.ts";

const ANCESTORS_AT_MOST = 50;

/** Within a chain the head never goes back to an ancestor, and the generation grows with every new head. */
export const monotoneHead = checker({
  id: "I3",
  name: "monotone head",
  kinds: ["rewound", "stored"],
  watch: (view) => {
    const begunAt = new Map<string, number>();
    const lastSeen = new Map<GrantId, { readonly chain: string; readonly generation: number }>();
    return (event) => {
      // A store that went back is seen anew; that it heals is another invariant.
      if (event.kind === "rewound") lastSeen.clear();
      if (event.kind !== "stored") return null;
      const before = chainOf(event.before);
      const after = chainOf(event.after);
      if (after === null) return null;
      const { attempt } = after;
      if (event.audit[0]?.event === "attempt-begun" && attempt !== null) begunAt.set(attempt.id, after.generation);
      const known = lastSeen.get(event.grant);
      lastSeen.set(event.grant, { chain: after.id, generation: after.generation });
      if (known?.chain === after.id && after.generation < known.generation)
        return `${event.grant}: generation ${after.generation} after ${known.generation}`;
      if (before?.id !== after.id || before.renewal.kind !== "refresh-token" || after.renewal.kind !== "refresh-token")
        return null;
      const [from, to] = [before.renewal.head.version, after.renewal.head.version];
      if (from === to) return null;
      if (after.generation <= before.generation)
        return `${event.grant}: a new head ${to} under the same generation ${after.generation}`;
      const computedFrom = begunAt.get(to.replace(/^tv_/, "at_"));
      if (computedFrom !== undefined && computedFrom !== before.generation)
        return `${event.grant}: the head ${to} was computed from generation ${computedFrom}, but replaced generation ${before.generation}`;
      // A child of the head is none of its ancestors: nearly always.
      return view.parentOf(to) !== from && isAncestor(view, to, from)
        ? `${event.grant}: the head went back from ${from} to its ancestor ${to}`
        : null;
    };
  },
});

function isAncestor(view: AuditorView, candidate: TokenVersionId, of: TokenVersionId): boolean {
  let parent = view.parentOf(of);
  for (let steps = 0; parent !== null && steps < ANCESTORS_AT_MOST; steps += 1) {
    if (parent === candidate) return true;
    parent = view.parentOf(parent);
  }
  return false;
}
