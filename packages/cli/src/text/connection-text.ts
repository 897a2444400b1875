import type { Connection, HeldConsent } from "@evergrant/contract";
import { localInstant } from "./instants.ts";
import { printable, table } from "./table.ts";

/** All connections, one line each. */
export function connectionTable(connections: readonly Connection[]): string {
  if (connections.length === 0) return "No connections yet. Make one with: evergrant connect NAME --app APP";
  return table(
    ["NAME", "STATUS", "ORGANISATIONS", "APP", "TOKEN UNTIL"],
    connections.map((each) => [
      each.name,
      each.status,
      organisations(each),
      each.app,
      each.accessExpiresAtMs === null ? "-" : localInstant(each.accessExpiresAtMs),
    ]),
  );
}

/** One connection with all that is known of it. */
export function connectionText(connection: Connection): string {
  const { trouble } = connection;
  const facts: readonly (readonly [string, string])[] = [
    ["Status", connection.status],
    ["Organisations", organisations(connection)],
    ["Also reached", connection.alsoReached.map(({ name }) => name).join(", ") || "-"],
    ["App", `${connection.app} (${connection.provider}, ${connection.kind})`],
    ["Consented by", connection.subject ?? "-"],
    ["Expected", connection.expectedTenant ?? "whatever whoever sends the link accepts"],
    ["Scope", connection.scope ?? "-"],
    ["Token until", instantOrDash(connection.accessExpiresAtMs)],
    ["Renewed", instantOrDash(connection.renewedAtMs)],
    ["Lapses", instantOrDash(connection.lapsesAtMs)],
    ["Looked at", instantOrDash(connection.checkedAtMs)],
    ["Missing scopes", connection.missingScopes.join(" ") || "-"],
    ["Kept warm", warmText(connection.warm)],
    ["Shares grant with", connection.sharedWith.join(", ") || "-"],
    ["Trouble", trouble === null ? "-" : `${trouble.kind} (${trouble.detail}) since ${localInstant(trouble.sinceMs)}`],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return [connection.name, ...facts.map(([name, value]) => `  ${name.padEnd(width)}  ${printable(value)}`)].join("\n");
}

function warmText(warm: Connection["warm"]): string {
  switch (warm.kind) {
    case "always":
      return "always";
    case "idle":
      return "while somebody uses it";
    case "cron":
      return `for ${warm.cron} (${warm.zone})`;
  }
}

/** Consents that wait, one line each. */
export function heldConsentTable(consents: readonly HeldConsent[]): string {
  if (consents.length === 0) return "No consent waits for a decision.";
  return table(
    ["ID", "CONNECTION", "ORGANISATIONS", "BY", "BECAUSE", "SINCE"],
    consents.map((each) => [
      each.id,
      each.connection,
      each.tenants.join(", ") || "none",
      each.subjectName ?? each.subject ?? "unknown",
      each.because.join(", "),
      localInstant(each.atMs),
    ]),
  );
}

/** `Demo Company (NZ), by jane@demo.example: accept?`, with what speaks against it. */
export function heldConsentQuestion({ tenants, subjectName, subject, because }: HeldConsent): string {
  const reasons = because.filter((reason) => reason !== "initiator-must-confirm").map((reason) => REASONS[reason]);
  const remark = reasons.length === 0 ? "" : ` [${reasons.join("; ")}]`;
  return printable(
    `${tenants.join(", ") || "No organisation"}, by ${subjectName ?? subject ?? "an unknown person"}${remark}: accept?`,
  );
}

const REASONS: { readonly [Reason in HeldConsent["because"][number]]: string } = {
  "initiator-must-confirm": "nobody said beforehand which organisation to expect",
  "other-subject": "another person than before",
  "subject-unknown": "the provider does not say who it was",
  "expected-tenant-missing": "not the organisation that was expected",
  "new-tenant": "an organisation that was not there before",
  "no-tenant": "no organisation was chosen",
  "scope-missing": "fewer scopes than the connection needs",
};

function organisations({ tenants }: Connection): string {
  return tenants.map(({ name, status }) => (status === "gone" ? `${name} (gone)` : name)).join(", ") || "-";
}

function instantOrDash(atMs: number | null): string {
  return atMs === null ? "-" : localInstant(atMs);
}
