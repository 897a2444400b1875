import { DEFAULT_LIMITS, EvergrantError, timing } from "@evergrant/core";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { PROVIDERS } from "./catalogue.ts";
import { withOwnProviders } from "./own-providers.ts";

const ENDPOINTS = {
  kind: "fixed",
  issuer: "https://id.ledger.example",
  authorization: "https://id.ledger.example/authorize",
  token: "https://id.ledger.example/token",
};
const LEAST = { id: "ledger", displayName: "Ledger", endpoints: ENDPOINTS, apiOrigins: ["https://api.ledger.example"] };

const read = (...values: readonly unknown[]) =>
  withOwnProviders(
    values.map((value, index) => ({
      name: `p${index}.json`,
      text: typeof value === "string" ? value : JSON.stringify(value),
    })),
    DEFAULT_LIMITS,
  );
const problem = (...values: readonly unknown[]) => {
  try {
    read(...values);
  } catch (error) {
    if (error instanceof EvergrantError && error.code === "provider_file_invalid") return error.detail;
    throw error;
  }
  return null;
};

describe("a provider of one's own", () => {
  it("needs a name, endpoints and where its API is; of all else the worst is assumed", () => {
    const provider = read(LEAST).get("ledger") ?? expect.unreachable();
    expect(provider.policy.rotation).toEqual({ kind: "strict" });
    expect(provider).toMatchObject({ kind: "authorization_code", tenants: { kind: "none" }, revocation: "none" });
    const verdict = timing(provider.policy, DEFAULT_LIMITS);
    expect(verdict.kind === "possible" && verdict.timing.cannotPromise.join(" ")).toContain("one lost grant");
    expect(read(LEAST).size).toBe(PROVIDERS.size + 1);
  });

  it.each([...PROVIDERS.values()])("may be anything that the catalogue knows: $id", (known) => {
    const own = { ...known, id: "ledger" };
    // Whatever can be said in a program can be said in a file, and means the same.
    expect(read(own).get("ledger")).toEqual(own);
  });

  it("stands beside others", () => {
    const more = read(LEAST, { ...LEAST, id: "ledger-two" });
    expect([more.has("ledger"), more.has("ledger-two"), more.has("xero")]).toEqual([true, true, true]);
  });
});

describe("a file that is wrong", () => {
  it.each([
    ["{", "p0.json: is no JSON"],
    ["[]", "the whole: "],
    [{}, "id: "],
    [{ ...LEAST, id: "Ledger" }, "id: must be lower-case"],
    [{ ...LEAST, id: "xero" }, "id: another provider has this name already"],
    [{ ...LEAST, tokenUrl: "x" }, 'the whole: Unrecognized key: "tokenUrl"'],
    [
      { ...LEAST, endpoints: { ...ENDPOINTS, token: "http://id.example/token" } },
      "endpoints.token: must be an https URL",
    ],
    [
      { ...LEAST, endpoints: { ...ENDPOINTS, token: "https://a:b@id.example" } },
      "endpoints.token: must be an https URL",
    ],
    [{ ...LEAST, apiOrigins: ["https://api.example/v1"] }, "apiOrigins.0: must be an https origin without path"],
    [{ ...LEAST, apiOrigins: [] }, "apiOrigins: name where its API is"],
    [{ ...LEAST, policy: { rotation: { kind: "sometimes" } } }, "policy.rotation.kind: "],
    [{ ...LEAST, policy: { rotation: { kind: "grace" } } }, "policy.rotation.seconds: "],
    [{ ...LEAST, policy: { accessLifeMs: 5_000 } }, "policy: clockSkewMs must be below a quarter"],
    [{ ...LEAST, tenantLocator: { kind: "header", name: "X-Org" } }, "tenants: say how an organisation is found"],
    [{ ...LEAST, tenants: { kind: "callback", parameter: "org", pattern: "(" } }, "tenants.pattern: must be a regular"],
    [{ ...LEAST, offline: { kind: "scope", scope: "offline" } }, "defaultScopes: must hold the scope of offline"],
    [{ ...LEAST, offline: { kind: "parameter", name: "a", value: "b" } }, "authorizeParameters: must hold"],
    [{ ...LEAST, authorizeParameters: { state: "x" } }, "authorizeParameters.state: is set by the protocol"],
    [{ ...LEAST, kind: "client_credentials" }, "policy.rotation: must be none"],
    [
      { ...LEAST, homes: { api: { from: "token-answer", name: "url", pattern: ".*", origin: "https://x.example" } } },
      "homes.api.origin: must hold {} once",
    ],
    [
      { ...LEAST, homes: { api: { from: "token-answer", name: "url", pattern: ".*", origin: "http://{}.example" } } },
      "tenants: a home is kept with its organisation",
    ],
    [
      { ...LEAST, api: { forbidden: [{ path: "/a/**/b", because: "x" }] } },
      "api.forbidden.0.path: must be a path pattern",
    ],
    ["x".repeat(300_000), "longer than"],
  ])("is refused with what it must be: %j", (value, words) => {
    expect(problem(value)).toContain(words);
    expect(problem(value)).toContain("p0.json: ");
  });

  it("spoils all, and all that is wrong is told at once, up to a bound", () => {
    const told = problem(LEAST, { ...LEAST, id: "ledger" }, { ...LEAST, id: "UP", displayName: "" }, "{");
    expect(told).toMatch(
      /^p1\.json: id: another provider.*; p2\.json: id: .*; p2\.json: displayName: .*; p3\.json: is no JSON/,
    );
    expect(problem(...Array.from({ length: 20 }, () => "[]"))).toContain("and 12 more");
  });
});

test("whatever a file holds, it is a provider that can be kept or a clear refusal", () => {
  const leaf = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(...[...PROVIDERS.values()].flatMap((known) => Object.values(known))),
  );
  const fields = fc.dictionary(fc.constantFrom(...Object.keys(PROVIDERS.get("xero") ?? {}), "extra"), leaf);
  fc.assert(
    fc.property(fields, (change) => {
      const value = { ...LEAST, ...change };
      const told = problem(value);
      if (told !== null) expect(told).toMatch(/^p0\.json: /);
      else {
        const provider = [...read(value).values()].at(-1) ?? expect.unreachable();
        expect(timing(provider.policy, DEFAULT_LIMITS).kind).toBe("possible");
      }
    }),
    { numRuns: 500 },
  );
});
