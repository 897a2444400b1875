/** What a consent is measured against: the first of a connection, or one given again for a connection that people rely on. */
export type ConsentExpectation =
  | { readonly kind: "first"; readonly expectedTenant: string | null; readonly accept: "ask" | "any-tenant" }
  | {
      readonly kind: "again";
      readonly subject: string | null;
      readonly tenants: readonly string[];
      readonly knownTenants: readonly string[];
    };

export interface ConsentFindings {
  readonly subject: string | null;
  /** Whether this provider has organisations at all. */
  readonly hasTenants: boolean;
  /** Every tenant that the new tokens reach, not only the one chosen now. */
  readonly tenants: readonly { readonly id: string; readonly name: string }[];
  /** Those that belong to this very consent. */
  readonly chosenTenants: readonly string[];
  readonly missingScopes: readonly string[];
}

/** Accepted by itself, or held in quarantine until an operator says yes or no, for all these reasons. */
export type ConsentVerdict =
  | { readonly kind: "accept" }
  | { readonly kind: "hold"; readonly because: readonly HoldReason[] };
export type HoldReason =
  | "initiator-must-confirm"
  | "other-subject"
  | "subject-unknown"
  | "expected-tenant-missing"
  | "new-tenant"
  | "no-tenant"
  | "scope-missing";

/**
 * Judges a finished consent. A re-consent passes by itself only with the same subject, the expected tenants, and no new one;
 * a first consent only where its initiator said beforehand what to expect.
 * Guards against login CSRF and cross-user session fixation (RFC 9700 §4.7; ASVS 5.0 V10.1.2).
 */
export function judgeConsent(expectation: ConsentExpectation, found: ConsentFindings): ConsentVerdict {
  const because = [
    ...(expectation.kind === "first" ? holdsForFirst(expectation, found) : holdsForAgain(expectation, found)),
  ];
  if (found.missingScopes.length > 0) because.push("scope-missing");
  return because.length === 0 ? { kind: "accept" } : { kind: "hold", because };
}

function holdsForFirst(
  expectation: Extract<ConsentExpectation, { kind: "first" }>,
  found: ConsentFindings,
): HoldReason[] {
  if (found.hasTenants && found.tenants.length === 0) return ["no-tenant"];
  if (found.hasTenants && expectation.expectedTenant !== null)
    return includesTenant(found, expectation.expectedTenant) ? [] : ["expected-tenant-missing"];
  return expectation.accept === "any-tenant" ? [] : ["initiator-must-confirm"];
}

function includesTenant(found: ConsentFindings, expected: string): boolean {
  return found.tenants.some(
    (tenant) => found.chosenTenants.includes(tenant.id) && (tenant.id === expected || tenant.name === expected),
  );
}

function holdsForAgain(
  expectation: Extract<ConsentExpectation, { kind: "again" }>,
  found: ConsentFindings,
): HoldReason[] {
  const holds: HoldReason[] = [];
  if (expectation.subject === null || found.subject === null) holds.push("subject-unknown");
  else if (expectation.subject !== found.subject) holds.push("other-subject");
  const reached = found.tenants.map((tenant) => tenant.id);
  if (!expectation.tenants.every((tenant) => reached.includes(tenant))) holds.push("expected-tenant-missing");
  if (!reached.every((tenant) => expectation.knownTenants.includes(tenant))) holds.push("new-tenant");
  return holds;
}
