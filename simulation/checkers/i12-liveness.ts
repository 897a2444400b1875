import { chainOf, type GrantId, type GrantState } from "@evergrant/core";
import { HEARD_AFTER_MS } from "../world/world.ts";
import { type AuditorView, checker } from "./checker.ts";

/**
 * Once faults have stopped, every grant that somebody wants serves a fresh token in time, and no doubt is left over it. But for a grant
 * whose answer is owed for longer than its grace: it is held, as it has to be, until the hold ends.
 */
export const liveness = checker({
  id: "I12",
  name: "liveness",
  kinds: ["stored", "rewound", "served", "refused", "person", "phase"],
  watch: (view) => {
    const states = new Map<GrantId, GrantState>();
    const consentedAtMs = new Map<GrantId, number>();
    const served = new Map<GrantId, Map<string, { readonly ok: boolean; readonly why: string }>>();
    let isHealed = false;
    const isNews = (grant: GrantId, nowMs: number) =>
      nowMs < (consentedAtMs.get(grant) ?? Number.NEGATIVE_INFINITY) + HEARD_AFTER_MS;
    // Whoever was refused before a consent or a new token was refused rightly; a node that goes on refusing shows it when it is asked.
    const forget = (grant: GrantId) => served.delete(grant);
    const note = (grant: GrantId, where: string, how: { readonly ok: boolean; readonly why: string }) => {
      const known = served.get(grant);
      if (known === undefined) served.set(grant, new Map([[where, how]]));
      else known.set(where, how);
    };
    return (event) => {
      switch (event.kind) {
        case "stored":
          states.set(event.grant, event.after);
          if (event.audit.some((record) => record.event === "renewed")) forget(event.grant);
          return null;
        case "rewound":
          states.clear();
          return null;
        case "served":
          if (isHealed) note(event.grant, `${event.connection} at ${event.node}`, { ok: true, why: "" });
          return null;
        case "refused":
          if (isHealed && event.grant !== null && !isNews(event.grant, event.atMs))
            note(event.grant, `${event.connection} at ${event.node}`, { ok: false, why: event.code });
          return null;
        case "person":
          if (event.did !== "consented" || event.grant === null) return null;
          consentedAtMs.set(event.grant, event.atMs);
          forget(event.grant);
          return null;
        case "phase": {
          if (event.phase === "heal") isHealed = true;
          if (event.phase !== "quiet" && event.phase !== "end") return null;
          const isAlive = (grant: GrantId) =>
            view.isWanted(grant) &&
            view.holdsAcceptedToken(grant) &&
            !isHeldPastGrace(view, states.get(grant), event.atMs);
          const unserved = [...served].flatMap(([grant, places]) =>
            [...places].flatMap(([where, { ok, why }]) =>
              ok || !isAlive(grant) ? [] : [`${where} was refused (${why})`],
            ),
          );
          const doubtful = [...states].flatMap(([grant, state]) => (isAlive(grant) ? doubtOf(grant, state) : []));
          const said = [...unserved, ...doubtful];
          served.clear();
          return said.length === 0 ? null : `at the ${event.phase}: ${said.join("; ")}`;
        }
      }
    };
  },
});

function isHeldPastGrace({ timing }: AuditorView, state: GrantState | undefined, nowMs: number): boolean {
  const chain = state === undefined ? null : chainOf(state);
  if (chain === null || chain.attempt === null || chain.trouble === null) return false;
  const sinceMs = nowMs - chain.attempt.startedAtMs;
  return timing.spendWindowMs !== null && sinceMs >= timing.spendWindowMs && sinceMs < timing.limits.pastGraceHoldMs;
}

function doubtOf(grant: GrantId, state: GrantState): readonly string[] {
  if (state.kind !== "live") return [`${grant} is ${state.kind}`];
  const { renewal, attempt, trouble } = state.chain;
  if (renewal.kind === "refresh-token" && renewal.suspect !== null) return [`${grant} is still suspect`];
  return attempt !== null && trouble !== null ? [`${grant} has an unresolved attempt (${trouble.detail})`] : [];
}
