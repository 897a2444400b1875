import { describe, expect, test } from "vitest";
import { type ConsentExpectation, type ConsentFindings, type HoldReason, judgeConsent } from "./consent.ts";

const DEMO = { id: "t-demo", name: "Demo Company (NZ)" };
const MAPLE = { id: "t-maple", name: "Maple Florists (AU)" };
const FOUND: ConsentFindings = {
  subject: "jane",
  hasTenants: true,
  tenants: [DEMO],
  chosenTenants: [DEMO.id],
  missingScopes: [],
};
const AGAIN: ConsentExpectation = { kind: "again", subject: "jane", tenants: [DEMO.id], knownTenants: [DEMO.id] };
const FIRST: ConsentExpectation = { kind: "first", expectedTenant: null, accept: "ask" };

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
    ["again, another person", AGAIN, { subject: "sam" }, ["other-subject"]],
    ["again, a person without a name", AGAIN, { subject: null }, ["subject-unknown"]],
    ["again, another organisation instead", AGAIN, { tenants: [MAPLE] }, ["expected-tenant-missing", "new-tenant"]],
    ["again, another organisation as well", AGAIN, { tenants: [DEMO, MAPLE] }, ["new-tenant"]],
    ["again, fewer scopes", AGAIN, { missingScopes: ["accounting.contacts"] }, ["scope-missing"]],
  ])("%s", (_name, expectation, change, because) => {
    const verdict = judgeConsent(expectation, { ...FOUND, ...change });
    expect(verdict).toEqual(because.length === 0 ? { kind: "accept" } : { kind: "hold", because });
  });
});
