import type { GrantState } from "./grant.ts";

/**
 * What a consent is measured against: the first of a connection, one given again for a connection that people rely on, or a refresh
 * token that an operator brought from elsewhere, whose consent nobody of us saw.
 */
export type ConsentExpectation =
  | { readonly kind: "first"; readonly expectedTenant: string | null; readonly accept: "ask" | "any-tenant" }
  | {
      readonly kind: "again";
      readonly subject: string | null;
      readonly tenants: readonly string[];
      readonly knownTenants: readonly string[];
    }
  | {
      readonly kind: "imported";
      /** Null: whoever the provider says it is. */
      readonly expectedSubject: string | null;
      readonly expectedTenant: string | null;
    };

export interface ConsentFindings {
  readonly subject: string | null;
  /** Whether this provider has organisations at all. */
  readonly hasTenants: boolean;
  /** Every tenant that the new tokens reach, not only the one chosen now; null where the provider's list could not be read. */
  readonly tenants: readonly { readonly id: string; readonly name: string }[] | null;
  /** Those that belong to this very consent. */
  readonly chosenTenants: readonly string[];
  readonly missingScopes: readonly string[];
  /** `revoked`: taken back while the consent was on its way. `completed`: another consent had come through it before. */
  readonly link: "open" | "revoked" | "completed";
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
  | "tenants-unread"
  | "scope-missing"
  | "link-revoked";

/**
 * Judges a finished consent. A re-consent passes by itself only with the same subject, the expected tenants, and no new one;
 * a first consent only where its initiator said beforehand what to expect; an imported token only where the provider says whose it is.
 * Guards against login CSRF and cross-user session fixation (RFC 9700 §4.7; ASVS 5.0 V10.1.2).
 */
export function judgeConsent(expectation: ConsentExpectation, found: ConsentFindings): ConsentVerdict {
  const because = holdsFor(expectation, found);
  if (found.missingScopes.length > 0) because.push("scope-missing");
  if (found.link === "revoked") because.push("link-revoked");
  // Two people finished runs of the same link: the first completes it, the second needs somebody's yes.
  if (found.link === "completed" && because.length === 0) because.push("initiator-must-confirm");
  return because.length === 0 ? { kind: "accept" } : { kind: "hold", because };
}

/**
 * Whether tokens that an operator refused may be revoked at the provider. At many providers that ends everything between this
 * person and the app, so it is never done where they hold, or may hold, a grant that somebody relies on.
 */
export function mayRevokeRefused(
  /** The grant of the person who consented. */
  grant: GrantState,
  about: {
    /** False where the provider names no person, and other grants of the app are in use: any of them may be theirs. */
    readonly standsAlone: boolean;
    /** Another consent to the same grant that waits for a decision. */
    readonly othersWait: boolean;
  },
): boolean {
  if (!about.standsAlone || about.othersWait) return false;
  switch (grant.kind) {
    case "live":
    case "in-court":
      return false;
    case "consent-needed":
      // The original of a copied store goes on with the very grant.
      return grant.reason !== "cloned";
    case "unconsented":
    case "ended":
      return true;
  }
}

function holdsFor(expectation: ConsentExpectation, found: ConsentFindings): HoldReason[] {
  switch (expectation.kind) {
    case "first":
      return holdsForFirst(expectation, found);
    case "again":
      return holdsForAgain(expectation, found);
    case "imported":
      return holdsForImported(expectation, found);
  }
}

function holdsForFirst(
  expectation: Extract<ConsentExpectation, { kind: "first" }>,
  found: ConsentFindings,
): HoldReason[] {
  if (found.hasTenants && found.tenants === null) return ["tenants-unread"];
  if (found.hasTenants && found.tenants?.length === 0) return ["no-tenant"];
  if (found.hasTenants && expectation.expectedTenant !== null)
    return includesTenant(found, expectation.expectedTenant) ? [] : ["expected-tenant-missing"];
  return expectation.accept === "any-tenant" ? [] : ["initiator-must-confirm"];
}

function includesTenant(found: ConsentFindings, expected: string): boolean {
  return (found.tenants ?? []).some(
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
  if (found.hasTenants && found.tenants === null) return [...holds, "tenants-unread"];
  const reached = (found.tenants ?? []).map((tenant) => tenant.id);
  if (!expectation.tenants.every((tenant) => reached.includes(tenant))) holds.push("expected-tenant-missing");
  if (!reached.every((tenant) => expectation.knownTenants.includes(tenant))) holds.push("new-tenant");
  return holds;
}

// Which of the listed organisations belong to this token's own consent is not known: all that it reaches count.
function holdsForImported(
  { expectedSubject, expectedTenant }: Extract<ConsentExpectation, { kind: "imported" }>,
  { subject, hasTenants, tenants }: ConsentFindings,
): HoldReason[] {
  const holds: HoldReason[] = [];
  if (subject === null) holds.push("subject-unknown");
  else if (expectedSubject !== null && expectedSubject !== subject) holds.push("other-subject");
  if (!hasTenants) return holds;
  if (tenants === null) return [...holds, "tenants-unread"];
  if (tenants.length === 0) return [...holds, "no-tenant"];
  const isThere = tenants.some(({ id, name }) => id === expectedTenant || name === expectedTenant);
  return expectedTenant === null || isThere ? holds : [...holds, "expected-tenant-missing"];
}
