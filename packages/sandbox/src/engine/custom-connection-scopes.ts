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

/** The scopes that a Custom Connection made now may not have, or that an older one gave up and cannot take back. */
export function refusedScopes(turn: Turn, app: App | null, wanted: readonly string[]): readonly string[] {
  if (turn.switches["cc.broad_scopes"] === "allow" || turn.nowMs < granularOnlyFromMs) return [];
  const kept = app !== null && app.createdAtMs < granularOnlyFromMs ? (app.scopes ?? []) : [];
  return wanted.filter((scope) => broadScopes.has(scope) && !kept.includes(scope));
}

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
