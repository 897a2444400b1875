import { readApiPath } from "@evergrant/core";
import { describe, expect, it } from "vitest";
import type { TenantLocator } from "../ports/provider.ts";
import { type LocatorAsk, namedTenant, placeTenant } from "./tenant-place.ts";

const ask = (more: { path?: string; query?: string; fields?: Record<string, string> } = {}): LocatorAsk => ({
  path: readApiPath(more.path ?? "/v3/company/t-1/invoice") ?? expect.unreachable(),
  query: more.query ?? "",
  header: (name) => more.fields?.[name] ?? null,
});
const header: TenantLocator = { kind: "header", name: "Ledger-Tenant" };
const query: TenantLocator = { kind: "query", name: "organization_id" };
const path: TenantLocator = { kind: "path", after: "/v3/company" };

describe("an organisation", () => {
  it("stands in a header field, which is put in or put right", () => {
    expect(namedTenant(header, ask({ fields: { "ledger-tenant": " T-1 " } }))).toBe("T-1");
    expect(namedTenant(header, ask({ fields: { "ledger-tenant": "" } }))).toBeNull();
    expect(placeTenant(header, ask(), "t-1")).toEqual({
      tenant: "t-1",
      query: "",
      headers: { "ledger-tenant": "t-1" },
    });
  });

  it("stands in the query, once, and is put in where it is missing", () => {
    expect(namedTenant(query, ask({ query: "a=b&organization_id=7" }))).toBe("7");
    expect(() => namedTenant(query, ask({ query: "organization_id=7&organization_id=8" }))).toThrow(/more than once/);
    // In another spelling it is the same parameter.
    expect(() => namedTenant(query, ask({ query: "organization_id=7&organization%5Fid=8" }))).toThrow(/more than once/);
    expect(placeTenant(query, ask({ query: "organization_id=7" }), "7").query).toBe("organization_id=7");
    expect(placeTenant(query, ask({ query: "a=b" }), "7&x").query).toBe("a=b&organization_id=7%26x");
    expect(placeTenant(query, ask(), "7").query).toBe("organization_id=7");
  });

  it("stands in the path, where nobody can put it in", () => {
    expect(namedTenant(path, ask())).toBe("t-1");
    expect(namedTenant(path, ask({ path: "/v3/companies/t-1" }))).toBeNull();
    expect(namedTenant(path, ask({ path: "/v3/company/" }))).toBeNull();
    expect(placeTenant(path, ask(), "T-1")).toEqual({ tenant: "T-1", query: "", headers: {} });
    expect(() => placeTenant(path, ask({ path: "/v3/other" }), "t-1")).toThrow(
      expect.objectContaining({ code: "tenant_not_named" }),
    );
  });

  it("stands nowhere where a token reaches one alone", () => {
    expect(namedTenant({ kind: "none" }, ask({ fields: { "ledger-tenant": "t-1" } }))).toBeNull();
  });
});
