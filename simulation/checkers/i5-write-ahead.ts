import { type AttemptId, chainOf, type GrantId } from "@evergrant/core";
import { checker } from "./checker.ts";

interface Intent {
  readonly attempt: AttemptId;
  readonly grant: GrantId | null;
}

/** No request leaves without its intent on the node's own disk and, for a grant, in the store under the same attempt. */
export const writeAhead = checker({
  id: "I5",
  name: "write-ahead",
  kinds: ["journaled", "stored", "requested"],
  watch: () => {
    const journaled = new Map<string, Intent>();
    const begun = new Map<AttemptId, string>();
    return (event) => {
      switch (event.kind) {
        case "journaled":
          if (event.record.kind === "intent" && event.record.spends !== null) {
            const { subject, attempt, spends } = event.record;
            const grant = subject.kind === "grant" ? subject.grant : null;
            journaled.set(`${event.node} ${spends.reveal()}`, { attempt, grant });
          }
          return null;
        case "stored": {
          const attempt = chainOf(event.after)?.attempt;
          // Who writes first with it began it; others may change the grant while it is on its way.
          if (attempt != null && !begun.has(attempt.id)) begun.set(attempt.id, event.node);
          return null;
        }
        case "requested": {
          if (event.grantType === "client_credentials") return null;
          const intent = journaled.get(`${event.node} ${event.presents}`);
          const sent = `${event.node} sent ${event.presents}`;
          if (intent === undefined) return `${sent} without an intent in its journal`;
          if (intent.grant !== null && begun.get(intent.attempt) !== event.node)
            return `${sent} for ${intent.attempt}, of which the store knows nothing`;
          return null;
        }
      }
    };
  },
});
