import type { App } from "./rows.ts";
import type { Turn } from "./turn.ts";

// developer.xero.com/faq/custom-integration: from this day on Custom Connections are made with granular scopes only, without journals.
const granularOnlyFromMs = Date.UTC(2026, 3, 29);

const broadScopes: ReadonlySet<string> = new Set([
  "accounting.transactions",
  "accounting.transactions.read",
  "accounting.reports.read",
  "accounting.journals.read",
]);

/** The scopes that a Custom Connection may not be made with. */
export const refusedAtCreation = (turn: Turn, createdAtMs: number, wanted: readonly string[]): readonly string[] =>
  turn.switches["cc.broad_scopes"] === "allow" || createdAtMs < granularOnlyFromMs
    ? []
    : wanted.filter((scope) => broadScopes.has(scope));

/** The scopes that a Custom Connection cannot be given any more: an older one keeps what it has, but what it gave up does not come back. */
export const refusedAtEdit = (turn: Turn, app: App, wanted: readonly string[]): readonly string[] =>
  refusedAtCreation(turn, turn.nowMs, wanted).filter((scope) => !(app.scopes ?? []).includes(scope));

/** Whether a token request of this Custom Connection may not name scopes at all. */
export function explicitScopesRefused(turn: Turn, app: App): boolean {
  switch (turn.switches["cc.scope_rule"]) {
    case "by-creation-date":
      return app.createdAtMs >= granularOnlyFromMs;
    case "listed-or-omitted":
      return false;
    case "reject-explicit":
      return true;
  }
}
