import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasLastingAdmin, OPERATOR_ROLES, type OperatorStanding, roleSuffices } from "./operator-role.ts";

const standing: fc.Arbitrary<OperatorStanding> = fc.record({
  role: fc.constantFrom(...OPERATOR_ROLES),
  disabledAtMs: fc.option(fc.nat(), { nil: null }),
  keys: fc.array(fc.record({ expiresAtMs: fc.option(fc.nat(), { nil: null }) }), { maxLength: 2 }),
});

describe("roles", () => {
  it("may what lesser ones may, and nothing more", () => {
    const may = OPERATOR_ROLES.map((role) => OPERATOR_ROLES.filter((least) => roleSuffices(role, least)));
    expect(may).toEqual([["viewer"], ["viewer", "operator"], ["viewer", "operator", "admin"]]);
  });
});

describe("a lasting admin", () => {
  const keys = [{ expiresAtMs: null }];
  const admin: OperatorStanding = { role: "admin", disabledAtMs: null, keys };

  it("is an admin, not disabled, with a key that does not expire", () => {
    expect(hasLastingAdmin([admin])).toBe(true);
    const others: readonly Partial<OperatorStanding>[] = [
      { role: "operator" },
      { role: "viewer" },
      { disabledAtMs: 0 },
      { keys: [] },
      { keys: [{ expiresAtMs: 5 }] },
    ];
    for (const other of others) expect(hasLastingAdmin([{ ...admin, ...other }])).toBe(false);
    expect(hasLastingAdmin([])).toBe(false);
  });

  it("stays one whoever else is there", () => {
    fc.assert(fc.property(fc.array(standing), (others) => hasLastingAdmin([...others, admin])));
  });
});
