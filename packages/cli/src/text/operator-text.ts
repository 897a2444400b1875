import type { Operator, OperatorIdentity } from "@evergrant/contract";
import { localInstant } from "./instants.ts";
import { table } from "./table.ts";

/** Operators, one a line. */
export function operatorTable(operators: readonly Operator[]): string {
  return table(
    ["NAME", "ROLE", "KEYS", "SIGNS IN AS", "LAST SEEN", "STATE"],
    operators.map((operator) => [
      operator.name,
      operator.role,
      operator.keys.map(keyWords).join(", ") || "none",
      identityWords(operator.identity),
      lastSeen(operator),
      operator.disabledAtMs === null ? "enabled" : "disabled",
    ]),
  );
}

/** A key that was just made. */
export function operatorKeyText(name: string, key: string | null): string {
  if (key === null) return `${name} has no key and signs in at the console.`;
  return [
    `Operator key of ${name}, shown this once:`,
    `  ${key}`,
    "It is kept here as a hash alone. The commands take it as EVERGRANT_OPERATOR_KEY.",
  ].join("\n");
}

function keyWords({ id, expiresAtMs }: Operator["keys"][number]): string {
  return expiresAtMs === null ? id : `${id} until ${localInstant(expiresAtMs)}`;
}

function identityWords(identity: OperatorIdentity | null): string {
  if (identity === null) return "-";
  return `${identity.kind === "subject" ? identity.subject : identity.email} at ${identity.issuer}`;
}

function lastSeen({ keys, identityLastUsedAtMs }: Operator): string {
  const latest = Math.max(-1, identityLastUsedAtMs ?? -1, ...keys.map(({ lastUsedAtMs }) => lastUsedAtMs ?? -1));
  return latest < 0 ? "never" : localInstant(latest);
}
