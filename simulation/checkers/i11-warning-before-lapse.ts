import { chainOf, type GrantId, type GrantState } from "@evergrant/core";
import { checker } from "./checker.ts";

/** Nodes are looked at now and then, and may be busy or away for a while. */
const SLACK_MS = 60 * 60_000;

/** Whoever has not been renewed for half of an idle life is warned about, and again at three quarters. */
export const warningBeforeLapse = checker({
  id: "I11",
  name: "warning before lapse",
  kinds: ["stored", "rewound", "tick"],
  watch: (view) => {
    const states = new Map<GrantId, GrantState>();
    const warned = new Map<GrantId, number>();
    const told = new Set<GrantId>();
    let goodSinceMs: number | null = null;
    return (event) => {
      switch (event.kind) {
        case "stored":
          states.set(event.grant, event.after);
          if (event.notices.some(({ notice }) => notice === "lapse-coming")) warned.set(event.grant, event.atMs);
          if (event.audit[0]?.event === "renewed") warned.delete(event.grant);
          return null;
        case "rewound":
          states.clear();
          return null;
        case "tick": {
          if (!event.storeGood) goodSinceMs = null;
          else goodSinceMs ??= event.atMs;
          if (goodSinceMs === null || event.atMs - goodSinceMs < SLACK_MS) return null;
          const silent = [...states].flatMap(([grant, state]) => {
            const chain = state.kind === "live" ? chainOf(state) : null;
            if (chain === null || view.timing.warnAfterMs === null || told.has(grant) || warned.has(grant)) return [];
            const idleMs = event.atMs - chain.renewedAtMs;
            if (idleMs < view.timing.warnAfterMs + SLACK_MS) return [];
            told.add(grant);
            return [`${grant} has not been renewed for ${Math.round(idleMs / 3_600_000)} h, and nobody was told`];
          });
          return silent.length === 0 ? null : silent.join("; ");
        }
      }
    };
  },
});
