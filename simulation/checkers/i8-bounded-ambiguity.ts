import { chainOf, type GrantId, type TokenVersionId } from "@evergrant/core";
import { checker } from "./checker.ts";

/** Beyond T_rec: a lease that has to run out and the longest back-off may stand before the repeat. */
const T_REC_MS = 90_000;
const SLACK_MS = 2 * 60_000;

interface Open {
  readonly token: TokenVersionId;
  readonly fromMs: number;
  /** How often somebody began to repeat it, and whether a repeat got as far as being executed. */
  begun: number;
  executed: boolean;
}

// A provider that refuses every repeat (429, no connection) was asked often enough after the third.
function isRepeated({ begun, executed }: Open): boolean {
  return (begun > 0 && executed) || begun >= 3;
}

/** With store, provider and a node up for long enough, every unresolved attempt is repeated before its grace ends. */
export const boundedAmbiguity = checker({
  id: "I8",
  name: "bounded ambiguity",
  kinds: ["stored", "rewound", "tick"],
  watch: (view) => {
    const open = new Map<GrantId, Open>();
    const { limits, repeat } = view.timing;
    const enoughMs = T_REC_MS + limits.leaseMs + limits.retryMaxMs + limits.requestTimeoutMs + SLACK_MS;
    return (event) => {
      if (repeat.kind !== "for") return null;
      switch (event.kind) {
        case "stored": {
          const chain = chainOf(event.after);
          const what = event.audit[0]?.event;
          const known = open.get(event.grant);
          // Only an answer resolves an attempt: that a later one was not executed says nothing about it.
          if (chain === null || what === "renewed" || what === "refused" || what === "consented")
            open.delete(event.grant);
          else if (what === "attempt-begun" && known !== undefined) {
            known.begun += 1;
            known.executed = true;
          } else if (known !== undefined && event.audit[0]?.facts["class"] === "not-executed") {
            if (known.begun === 0) open.delete(event.grant);
            known.executed = false;
          } else if (what === "attempt-begun" && chain.attempt?.token != null)
            open.set(event.grant, { token: chain.attempt.token, fromMs: event.atMs, begun: 0, executed: true });
          return null;
        }
        case "rewound":
          open.clear();
          return null;
        case "tick": {
          const late: string[] = [];
          for (const [grant, attempt] of open) {
            const deadlineMs = attempt.fromMs + repeat.ms - limits.marginMs;
            if (event.atMs <= deadlineMs) continue;
            open.delete(grant);
            if (isRepeated(attempt) || !view.isWanted(grant) || !view.wasGood(attempt.fromMs, deadlineMs, enoughMs))
              continue;
            late.push(`${grant}: an attempt with ${attempt.token} was never repeated within its grace`);
          }
          return late.length === 0 ? null : late.join("; ");
        }
      }
    };
  },
});
