import type { GrantId } from "@evergrant/core";
import { checker } from "./checker.ts";

/** Unless a person or the provider took it back, something of what we hold would be accepted. */
export const durableKnowledge = checker({
  id: "I2",
  name: "durable knowledge",
  kinds: ["stored", "tick", "phase"],
  watch: (view) => {
    const lost = new Set<GrantId>();
    const look = (grant: GrantId): string | null => {
      if (!view.isWanted(grant) || view.holdsAcceptedToken(grant)) {
        lost.delete(grant);
        return null;
      }
      if (lost.has(grant)) return null;
      lost.add(grant);
      return view.excuseFor(grant) === null ? `${grant}: nothing that is held would be accepted any more` : null;
    };
    return (event) => {
      switch (event.kind) {
        case "stored":
          // What is lost already is looked at again now and then, not at each step.
          return lost.has(event.grant) ? null : look(event.grant);
        case "tick":
        case "phase": {
          const said = view.grants().flatMap((grant) => look(grant) ?? []);
          return said.length === 0 ? null : said.join("; ");
        }
      }
    };
  },
});
