import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PROVIDERS } from "../providers/catalogue.ts";
import { generic } from "../providers/generic.ts";
import { xero } from "../providers/xero.ts";
import { xeroCustomConnection } from "../providers/xero-custom-connection.ts";
import { resolveEndpoints } from "./resolve-endpoints.ts";

describe("endpoints", () => {
  it("are the provider's own without replaced origins", () => {
    expect(resolveEndpoints(xero, null)).toEqual({
      issuer: "https://identity.xero.com",
      authorization: "https://login.xero.com/identity/connect/authorize",
      token: "https://identity.xero.com/connect/token",
      revocation: "https://identity.xero.com/connect/revocation",
      apiOrigins: ["https://api.xero.com"],
    });
  });

  it("keep their paths when an operator replaces the origins", () => {
    const origins = { identity: "http://localhost:4181", login: "http://127.0.0.1:4182", api: "http://[::1]:4183" };
    expect(resolveEndpoints(xero, origins)).toEqual({
      issuer: "http://localhost:4181",
      authorization: "http://127.0.0.1:4182/identity/connect/authorize",
      token: "http://localhost:4181/connect/token",
      revocation: "http://localhost:4181/connect/revocation",
      apiOrigins: ["http://[::1]:4183"],
    });
    expect(resolveEndpoints(xeroCustomConnection, origins)).toMatchObject({ revocation: null });
  });

  it("have to be discovered where the provider has none of its own", () => {
    expect(resolveEndpoints(generic, null)).toBe("needs-discovery");
  });

  it("never leave the origins that were put in their place", () => {
    const origin = fc
      .tuple(fc.domain(), fc.integer({ min: 1, max: 65_535 }))
      .map(([host, port]) => new URL(`https://${host}:${port}`).origin);
    fc.assert(
      fc.property(fc.constantFrom(...PROVIDERS.values()), origin, origin, origin, (provider, identity, login, api) => {
        const resolved = resolveEndpoints(provider, { identity, login, api });
        if (resolved === "needs-discovery") return;
        expect(new URL(resolved.authorization).origin).toBe(login);
        expect(new URL(resolved.token).origin).toBe(identity);
        if (resolved.revocation !== null) expect(new URL(resolved.revocation).origin).toBe(identity);
        expect(resolved.apiOrigins).toEqual([api]);
      }),
    );
  });
});
