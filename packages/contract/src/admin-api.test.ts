import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { ADMIN_API, type Operation, type OperationName } from "./admin-api.ts";
import { NAME_PATTERN } from "./names.ts";

const operations = Object.entries<Operation>(ADMIN_API) as [OperationName, Operation][];
const accepts = (schema: z.ZodType, value: unknown): boolean => schema.safeParse(value).success;

const newCaller = { name: "reports", permissions: [{ connection: "acme", right: "token" }] };
const bodies: { readonly [Name in OperationName]?: Record<string, unknown> } = {
  addApp: { name: "books", provider: "xero", clientId: "id" },
  addAppSecret: { clientSecret: "s" },
  createConnection: { name: "acme", app: "books" },
  setAppScopes: { scopes: ["openid", "offline_access"] },
  eraseGrant: { connections: ["acme"] },
  revokeGrant: { connections: ["acme"] },
  pasteCallback: { address: "https://evergrant.example/oauth/callback/ap_1?code=c&state=s" },
  createConsentLink: {},
  setWarmHours: { kind: "cron", cron: "0 2 * * *" },
  decideConsent: { accept: true },
  importTokens: { tokens: [{ connection: "acme", refreshToken: "rt" }] },
  releaseQuarantine: { as: "restored" },
  addRecipient: { channel: "email", address: "ops@deployment.example" },
  replayNotices: { deliveries: "dead" },
  addCaller: newCaller,
  addSecretlessCaller: newCaller,
  setCallerPermissions: { permissions: newCaller.permissions },
  addOperator: { name: "jane", role: "viewer" },
  setOperatorRole: { role: "admin" },
  setOperatorIdentity: { identity: { kind: "subject", issuer: "https://idp.example", subject: "jane" } },
};

describe("the admin API", () => {
  it("has one operation per method and address", () => {
    const addresses = operations.map(([, { method, path }]) => `${method} ${path}`);
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  it("takes each body as documented, and none with a field that it does not know", () => {
    for (const [name, { body }] of operations) {
      const known = bodies[name] ?? {};
      expect([name, accepts(body, known)]).toEqual([name, true]);
      fc.assert(
        fc.property(fc.string(), fc.jsonValue(), (field, value) => {
          fc.pre(
            !(field in known) &&
              ![
                "__proto__",
                "clientSecret",
                "scopes",
                "origins",
                "expectedTenant",
                "accept",
                "permissions",
                "key",
                "identity",
              ].includes(field),
          );
          expect(accepts(body, { ...known, [field]: value })).toBe(false);
        }),
        { numRuns: 20 },
      );
    }
  });

  it("takes no query or path parameter that it does not know", () => {
    for (const [, { query, params }] of operations) {
      expect(accepts(query, { surprise: "x" })).toBe(false);
      expect(accepts(params, { name: "acme", id: "x", surprise: "x" })).toBe(false);
    }
  });

  it("bounds every text and list", () => {
    const long = "x".repeat(5_000);
    expect(accepts(ADMIN_API.addApp.body, { ...bodies.addApp, clientId: long })).toBe(false);
    expect(accepts(ADMIN_API.addApp.body, { ...bodies.addApp, scopes: Array(101).fill("a") })).toBe(false);
    expect(accepts(ADMIN_API.createConnection.body, { ...bodies.createConnection, expectedTenant: long })).toBe(false);
    expect(
      accepts(ADMIN_API.addCaller.body, { ...newCaller, permissions: Array(1_001).fill(newCaller.permissions[0]) }),
    ).toBe(false);
  });

  it("knows names that need no encoding in an address", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (NAME_PATTERN.test(text)) expect(encodeURIComponent(text)).toBe(text);
      }),
    );
    expect(["a", "acme-2", "x".repeat(63)].every((name) => NAME_PATTERN.test(name))).toBe(true);
    expect(["", "-a", "A", "a.b", "a\n", "x".repeat(64)].some((name) => NAME_PATTERN.test(name))).toBe(false);
  });
});
