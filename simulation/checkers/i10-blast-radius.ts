import { chainOf, type GrantId } from "@evergrant/core";
import { checker } from "./checker.ts";

/** However long a provider swallows requests, only a few grants are unresolved at once: the breaker's threshold and what was in flight. */
export const blastRadius = checker({
  id: "I10",
  name: "blast radius",
  kinds: ["rewound", "stored"],
  watch: (view) => {
    const unresolved = new Set<GrantId>();
    const { ambiguityThreshold, inFlightMax } = view.timing.limits;
    // Each node has a breaker of its own.
    const allowed = view.nodes * (ambiguityThreshold + inFlightMax);
    let isOver = false;
    return (event) => {
      if (event.kind === "rewound") unresolved.clear();
      if (event.kind !== "stored") return null;
      if (chainOf(event.after)?.attempt == null) unresolved.delete(event.grant);
      else unresolved.add(event.grant);
      if (unresolved.size <= allowed) {
        isOver = false;
        return null;
      }
      const said = isOver ? null : `${unresolved.size} grants are unresolved at once; at most ${allowed} may be`;
      isOver = true;
      return said;
    };
  },
});
