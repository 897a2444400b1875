import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ConsentExpectation,
  type ConsentFindings,
  type HoldReason,
  judgeConsent,
  mayRevokeRefused,
} from "./consent.ts";
import { type Chain, firstChain, type GrantState } from "./grant.ts";
import type { ChainId, TokenVersionId } from "./ids.ts";

const DEMO = { id: "t-demo", name: "Demo Company (NZ)" };
const MAPLE = { id: "t-maple", name: "Maple Florists (AU)" };
const FOUND: ConsentFindings = {
  subject: "jane",
  hasTenants: true,
  tenants: [DEMO],
  chosenTenants: [DEMO.id],
  missingScopes: [],
  link: "open",
};
const AGAIN: ConsentExpectation = { kind: "again", subject: "jane", tenants: [DEMO.id], knownTenants: [DEMO.id] };
const FIRST: ConsentExpectation = { kind: "first", expectedTenant: null, accept: "ask" };
const IMPORTED: ConsentExpectation = { kind: "imported", expectedSubject: null, expectedTenant: null };

describe("a consent is judged", () => {
  test.each<[string, ConsentExpectation, Partial<ConsentFindings>, readonly HoldReason[]]>([
    ["first, tenant expected by name", { ...FIRST, expectedTenant: DEMO.name }, {}, []],
    ["first, tenant expected by id", { ...FIRST, expectedTenant: DEMO.id }, {}, []],
    ["first, another tenant chosen", { ...FIRST, expectedTenant: MAPLE.id }, {}, ["expected-tenant-missing"]],
    [
      "first, the expected one reached but not chosen",
      { ...FIRST, expectedTenant: MAPLE.id },
      { tenants: [DEMO, MAPLE] },
      ["expected-tenant-missing"],
    ],
    ["first, nothing expected", FIRST, {}, ["initiator-must-confirm"]],
    ["first, any tenant accepted beforehand", { ...FIRST, accept: "any-tenant" }, {}, []],
    ["first, no tenant at all", { ...FIRST, accept: "any-tenant" }, { tenants: [], chosenTenants: [] }, ["no-tenant"]],
    ["first, at a provider without tenants", FIRST, { hasTenants: false, tenants: [] }, ["initiator-must-confirm"]],
    [
      "first, without tenants, accepted beforehand",
      { ...FIRST, accept: "any-tenant" },
      { hasTenants: false, tenants: [] },
      [],
    ],
    ["again, all the same", AGAIN, {}, []],
    ["imported, its person known", IMPORTED, {}, []],
    ["imported, the person expected", { ...IMPORTED, expectedSubject: "jane" }, {}, []],
    ["imported, another person", { ...IMPORTED, expectedSubject: "sam" }, {}, ["other-subject"]],
    ["imported, a person without a name", IMPORTED, { subject: null }, ["subject-unknown"]],
    [
      "imported, expected and without a name",
      { ...IMPORTED, expectedSubject: "jane" },
      { subject: null },
      ["subject-unknown"],
    ],
    [
      "imported, tenant expected, chosen long ago",
      { ...IMPORTED, expectedTenant: DEMO.name },
      { chosenTenants: [] },
      [],
    ],
    ["imported, another tenant expected", { ...IMPORTED, expectedTenant: MAPLE.id }, {}, ["expected-tenant-missing"]],
    ["imported, no tenant left", IMPORTED, { tenants: [], chosenTenants: [] }, ["no-tenant"]],
    ["imported, tenants that could not be read", IMPORTED, { tenants: null }, ["tenants-unread"]],
    ["imported, at a provider without tenants", IMPORTED, { hasTenants: false, tenants: [] }, []],
    ["imported, fewer scopes than needed", IMPORTED, { missingScopes: ["a"] }, ["scope-missing"]],
    ["again, another person", AGAIN, { subject: "sam" }, ["other-subject"]],
    ["again, a person without a name", AGAIN, { subject: null }, ["subject-unknown"]],
    ["again, another organisation instead", AGAIN, { tenants: [MAPLE] }, ["expected-tenant-missing", "new-tenant"]],
    ["again, another organisation as well", AGAIN, { tenants: [DEMO, MAPLE] }, ["new-tenant"]],
    ["first, tenants that could not be read", FIRST, { tenants: null, chosenTenants: [] }, ["tenants-unread"]],
    [
      "again, by another person, tenants that could not be read",
      AGAIN,
      { subject: "sam", tenants: null },
      ["other-subject", "tenants-unread"],
    ],
    ["again, by a link taken back meanwhile", AGAIN, { link: "revoked" }, ["link-revoked"]],
    [
      "first, the second to come through its link",
      { ...FIRST, accept: "any-tenant" },
      { link: "completed" },
      ["initiator-must-confirm"],
    ],
    [
      "first, the second and another tenant",
      { ...FIRST, expectedTenant: MAPLE.id },
      { link: "completed" },
      ["expected-tenant-missing"],
    ],
    ["again, fewer scopes", AGAIN, { missingScopes: ["accounting.contacts"] }, ["scope-missing"]],
  ])("%s", (_name, expectation, change, because) => {
    const verdict = judgeConsent(expectation, { ...FOUND, ...change });
    expect(verdict).toEqual(because.length === 0 ? { kind: "accept" } : { kind: "hold", because });
  });
});

const tenantIds = fc.uniqueArray(fc.constantFrom("a", "b", "c"), { maxLength: 3 });
const subject = fc.constantFrom("jane", "sam", null);

test("a consent given again passes by itself only from the same person, with every tenant that was there, none that was not, and all scopes", () => {
  fc.assert(
    fc.property(
      fc.record({ subject, tenants: tenantIds, others: tenantIds }),
      fc.record({
        subject,
        tenants: fc.option(tenantIds, { nil: null }),
        missingScopes: fc.constantFrom([], ["books"]),
        link: fc.constantFrom("open" as const, "revoked" as const, "completed" as const),
      }),
      (was, now) => {
        const knownTenants = [...was.tenants, ...was.others];
        const verdict = judgeConsent(
          { kind: "again", subject: was.subject, tenants: was.tenants, knownTenants },
          {
            ...now,
            hasTenants: true,
            tenants: now.tenants?.map((id) => ({ id, name: id })) ?? null,
            chosenTenants: now.tenants ?? [],
          },
        );
        const isSame =
          was.subject !== null &&
          was.subject === now.subject &&
          now.tenants !== null &&
          was.tenants.every((id) => now.tenants?.includes(id)) &&
          now.tenants.every((id) => knownTenants.includes(id)) &&
          now.missingScopes.length === 0 &&
          now.link === "open";
        expect(verdict.kind).toBe(isSame ? "accept" : "hold");
      },
    ),
  );
});

describe("tokens that an operator refused", () => {
  const chain: Chain = firstChain("ch_1" as ChainId, {
    renewal: "refresh-token",
    version: "tv_1" as TokenVersionId,
    access: null,
    atMs: 0,
    jitter: 0,
  });
  const alone = { standsAlone: true, othersWait: false };
  const court = { openedAtMs: 0, confirmations: 0, lastTryAtMs: 0 };
  test.each<[string, GrantState, boolean]>([
    ["of a person who holds no grant", { kind: "unconsented" }, true],
    ["of a person whose grant was ended", { kind: "ended", reason: "revoked", sinceMs: 0 }, true],
    ["of a person whose grant is lost", { kind: "consent-needed", chain, reason: "lapsed", sinceMs: 0 }, true],
    ["of a person whose grant is alive", { kind: "live", chain }, false],
    ["of a person whose grant is in doubt", { kind: "in-court", chain, court }, false],
    [
      "of a person whose grant the original of this store uses",
      { kind: "consent-needed", chain, reason: "cloned", sinceMs: 0 },
      false,
    ],
  ])("%s", (_who, grant, may) => {
    expect(mayRevokeRefused(grant, alone)).toBe(may);
    expect(mayRevokeRefused(grant, { ...alone, othersWait: true })).toBe(false);
    expect(mayRevokeRefused(grant, { ...alone, standsAlone: false })).toBe(false);
  });
});
