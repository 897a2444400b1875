import type { Turn } from "./turn.ts";

export const IDENTITY_SCOPES = ["openid", "profile", "email", "offline_access"] as const;

const withRead = (...names: readonly string[]): readonly string[] => names.flatMap((name) => [name, `${name}.read`]);
const readOnly = (prefix: string, ...names: readonly string[]): readonly string[] =>
  names.map((name) => `${prefix}.${name}.read`);

const CLASSIC_SCOPES = [
  ...withRead("accounting.transactions", "accounting.contacts", "accounting.settings", "accounting.attachments"),
  "accounting.budgets.read",
  "accounting.journals.read",
  "accounting.reports.read",
  "accounting.reports.tenninetynine.read",
  "paymentservices",
  "bankfeeds",
  ...withRead("files", "assets", "projects"),
  ...withRead("payroll.employees", "payroll.payruns", "payroll.payslip", "payroll.settings", "payroll.timesheets"),
  ...readOnly("finance", "statements", "cashvalidation", "bankstatementsplus", "accountingactivity"),
];

const GRANULAR_SCOPES = [
  ...withRead("accounting.invoices", "accounting.payments", "accounting.banktransactions", "accounting.manualjournals"),
  ...readOnly(
    "accounting.reports",
    "aged",
    "balancesheet",
    "banksummary",
    "budgetsummary",
    "executivesummary",
    "profitandloss",
    "trialbalance",
    "taxreports",
  ),
];

/** Everything a person can consent to. */
export const CONSENT_SCOPES: readonly string[] = [...IDENTITY_SCOPES, ...CLASSIC_SCOPES, ...GRANULAR_SCOPES];

/** Only for an app on its own behalf: asking a person for these is `invalid_scope`. */
export const APP_LEVEL_SCOPES: readonly string[] = ["app.connections", "marketplace.billing"];

/** Replaced by granular scopes in 2026. */
const BROAD_SCOPES: ReadonlySet<string> = new Set([
  "accounting.transactions",
  "accounting.transactions.read",
  "accounting.reports.read",
]);

/** Apps created from this day take granular scopes alone. Source: developer.xero.com/faq/granular-scopes. */
const GRANULAR_ONLY_FROM_MS = Date.UTC(2026, 2, 2);

/** Broad scopes end in September 2027 (same page; the day is not published, so its first). */
const BROAD_END_MS = Date.UTC(2027, 8, 1);

/** Whether the dates of the granular scopes let an app ask for this scope now. */
export const isInSeason = (scope: string, app: { readonly createdAtMs: number }, nowMs: number): boolean =>
  !BROAD_SCOPES.has(scope) || (app.createdAtMs < GRANULAR_ONLY_FROM_MS && nowMs < BROAD_END_MS);

/** Whether a token with these scopes opens what asks for `scope`: a broad one may have ended since. */
export function opens({ nowMs, switches }: Turn, held: readonly string[], scope: string): boolean {
  const endsThen = switches["scopes.by_date"] && switches["scopes.broad_after_end"] === "refused";
  const ended = endsThen && nowMs >= BROAD_END_MS && BROAD_SCOPES.has(scope);
  return !ended && held.includes(scope);
}

const consentScopes: ReadonlySet<string> = new Set(CONSENT_SCOPES);
const identityScopes: ReadonlySet<string> = new Set(IDENTITY_SCOPES);

export const isConsentScope = (scope: string): boolean => consentScopes.has(scope);
export const isIdentityScope = (scope: string): boolean => identityScopes.has(scope);

/** Splits a scope parameter (RFC 6749 §3.3) and drops repetitions. */
export const parseScopes = (scope: string): readonly string[] => [
  ...new Set(scope.split(" ").filter((name) => name !== "")),
];
