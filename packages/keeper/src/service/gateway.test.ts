import { type AppId, type ConnectionId, covers, type GrantId, includesTenant, type Narrowing } from "@evergrant/core";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { ConnectionTenant, StoredConnection } from "../ports/connection-store.ts";
import type { Provider } from "../ports/provider.ts";
import { PROVIDERS } from "../providers/catalogue.ts";
import type { CallerPrincipal, Tokens } from "./access.ts";
import type { ApiTurns } from "./api-turns.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import { type ApiAsk, GatewayDesk } from "./gateway.ts";
import type { HealthWatch } from "./health-watch.ts";

const ORIGIN = "https://api.ledger.example";
const books = PROVIDERS.get("xero") ?? expect.unreachable();

const tenant = (id: string, status: ConnectionTenant["status"] = "connected"): ConnectionTenant => ({
  ...{ id, name: id, connectionId: `c-${id}`, consentEventId: null, updatedAtMs: null, status, sinceMs: 0 },
});

function aDesk(
  more: {
    tenants?: readonly ConnectionTenant[];
    provider?: Provider;
    origins?: App["stored"]["origins"];
    apiOrigins?: readonly string[];
  } = {},
) {
  const connection: StoredConnection = {
    ...{ id: "cn_1" as ConnectionId, name: "acme", app: "ap_1" as AppId, grant: "gr_1" as GrantId },
    ...{ tenants: more.tenants ?? [tenant("t-1")], expectedTenant: null, consentEpoch: 0, disabledAtMs: null },
    ...{ createdAtMs: 0, healthCheckedAtMs: null },
  };
  const { origins = null, provider = books } = more;
  const apiOrigins = more.apiOrigins ?? [origins?.api ?? ORIGIN];
  const app = { stored: { id: "ap_1", origins }, provider, endpoints: async () => ({ apiOrigins }) } as unknown as App;
  return new GatewayDesk({
    apps: { peek: () => app } as unknown as AppDirectory,
    connections: {
      idOf: (name: string) => (name === "acme" ? connection.id : undefined),
      get: () => connection,
    } as unknown as ConnectionDirectory,
    tokens: {} as Tokens,
    turns: {} as ApiTurns,
    health: {} as HealthWatch,
  });
}

function aCaller(permissions: readonly (Narrowing | null)[]): CallerPrincipal {
  return {
    ...{
      id: "cl_1" as CallerPrincipal["id"],
      name: "reports",
      may: (right) => right === "gateway" && permissions.length > 0,
    },
    mayCall: (_connection, call) => permissions.some((only) => only === null || covers(only, call)),
    reached: (_connection, tenants) =>
      tenants.filter((id) => permissions.some((only) => only?.tenants == null || includesTenant(only.tenants, id))),
  };
}

const ask = (path: string, more: Partial<Omit<ApiAsk, "header">> & { tenant?: string } = {}): ApiAsk => ({
  ...{ connection: "acme", method: "GET", query: "", path },
  ...more,
  header: (name) => (name === "xero-tenant-id" ? (more.tenant ?? null) : null),
});
const refusal = (code: string) => expect.objectContaining({ code });
const whole = aCaller([null]);

describe("where a call goes", () => {
  it("is the provider's origin, whatever the path says, with the organisation put in", async () => {
    const call = await aDesk().admit(whole, ask("/a/b", { query: "c=%20d" }));
    expect(call).toMatchObject({
      origin: ORIGIN,
      target: "/a/b?c=%20d",
      headers: { "xero-tenant-id": "t-1" },
      addresses: "public",
    });
  });

  it("is this machine only where an operator gave the app such an origin", async () => {
    const at = (api: string) => aDesk({ origins: { identity: api, login: api, api } }).admit(whole, ask("/a"));
    expect((await at("http://localhost:4181")).addresses).toBe("loopback");
    expect((await at("https://api.inside.example")).addresses).toBe("public");
    const built = { ...books, apiOrigins: ["http://127.0.0.1:9"] };
    expect((await aDesk({ provider: built }).admit(whole, ask("/a"))).addresses).toBe("public");
  });
});

describe("which organisation it is about", () => {
  const two = { tenants: [tenant("t-1"), tenant("t-2"), tenant("t-3", "gone")] };

  it("has to be said where there are several, and is taken in the provider's spelling", async () => {
    await expect(aDesk(two).admit(whole, ask("/a"))).rejects.toEqual(refusal("tenant_not_named"));
    expect((await aDesk(two).admit(whole, ask("/a", { tenant: "T-2" }))).headers).toEqual({ "xero-tenant-id": "t-2" });
  });

  it.each(["t-3", "t-9", "t-1, t-2"])("is refused where the caller does not reach it: %s", (named) =>
    expect(aDesk(two).admit(whole, ask("/a", { tenant: named }))).rejects.toEqual(refusal("tenant_not_available")),
  );

  it("is none where the provider's rules know none, and then a caller who is held to one may not call", async () => {
    const provider = PROVIDERS.get("xero-custom-connection") ?? expect.unreachable();
    const desk = aDesk({ provider, tenants: [] });
    expect((await desk.admit(whole, ask("/a"))).headers).toEqual({});
    const held = aCaller([{ tenants: ["t-1"], methods: null, paths: null }]);
    await expect(desk.admit(held, ask("/a"))).rejects.toEqual(refusal("api_call_not_permitted"));
  });

  it("is every one that the caller reaches where the provider lists them", async () => {
    const held = aCaller([{ tenants: ["T-1", "t-3"], methods: null, paths: null }]);
    expect((await aDesk(two).admit(held, ask("/connections"))).shows).toEqual({
      items: "",
      member: "tenantId",
      tenants: ["t-1"],
    });
    expect((await aDesk(two).admit(whole, ask("/connections"))).shows?.tenants).toEqual(["t-1", "t-2"]);
  });
});

describe("a provider whose organisations are named elsewhere than in a header", () => {
  const of = (id: string) => PROVIDERS.get(id) ?? expect.unreachable();
  const two = [tenant("t-1"), tenant("t-2")];

  it("has them in the path, after any of its products, and each call says which", async () => {
    const desk = aDesk({ provider: of("atlassian"), tenants: two });
    expect((await desk.admit(whole, ask("/ex/jira/t-2/rest"))).target).toBe("/ex/jira/t-2/rest");
    expect((await desk.admit(whole, ask("/ex/confluence/t-1/rest"))).target).toBe("/ex/confluence/t-1/rest");
    await expect(desk.admit(whole, ask("/ex/jira/t-9/rest"))).rejects.toEqual(refusal("tenant_not_available"));
    await expect(desk.admit(whole, ask("/ex/t-1"))).rejects.toEqual(refusal("tenant_not_named"));
    await expect(desk.admit(whole, ask("/rest"))).rejects.toEqual(refusal("tenant_not_named"));
    expect((await desk.admit(whole, ask("/me"))).target).toBe("/me");
    const held = aCaller([{ tenants: ["t-1"], methods: null, paths: null }]);
    await expect(desk.admit(held, ask("/ex/jira/t-2/rest"))).rejects.toEqual(refusal("tenant_not_available"));
    await expect(desk.admit(held, ask("/me"))).rejects.toEqual(refusal("api_call_not_permitted"));
  });

  it("is called at the grant's home, and nowhere while that is not known", async () => {
    const provider = { ...of("salesforce"), endpoints: of("salesforce").endpoints };
    const pinned = { tokenEndpoint: null, api: "https://acme.my.salesforce.com" };
    const homed = [{ ...tenant("00D"), pinned }];
    const call = await aDesk({ provider, tenants: homed }).admit(whole, ask("/services/data"));
    expect([call.origin, call.headers, call.addresses]).toEqual([pinned.api, {}, "public"]);
    await expect(aDesk({ provider, tenants: homed }).admit(whole, ask("/services/oauth2/token"))).rejects.toEqual(
      refusal("api_call_forbidden"),
    );
    const elsewhere = aDesk({ provider, tenants: [tenant("00D")], apiOrigins: [] });
    await expect(elsewhere.admit(whole, ask("/a"))).rejects.toEqual(refusal("provider_unreachable"));
  });

  it("has them in the query at the grant's home", async () => {
    const pinned = { tokenEndpoint: "https://accounts.zoho.eu", api: "https://www.zohoapis.eu" };
    const desk = aDesk({ provider: of("zoho-books"), tenants: [{ ...tenant("7"), pinned }] });
    const call = await desk.admit(whole, ask("/books/v3/invoices", { query: "page=2" }));
    expect([call.origin, call.target]).toEqual([pinned.api, "/books/v3/invoices?page=2&organization_id=7"]);
    expect((await desk.admit(whole, ask("/books/v3/organizations"))).shows).toEqual({
      ...{ items: "organizations", member: "organization_id", tenants: ["7"] },
    });
  });
});

const segment = fc.constantFrom(
  "a",
  "b",
  "A",
  "%61",
  "connections",
  "..",
  "%2e%2e",
  ".",
  "",
  "%2f",
  "a;x",
  "c d",
  "*",
  "**",
);
const pathArbitrary = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join("/")}`);
const respect = (values: readonly string[]) => fc.option(fc.subarray([...values]), { nil: null });
const narrowing = fc.record<Narrowing>({
  tenants: respect(["t-1", "T-2", "t-9"]),
  methods: respect(["GET", "POST", "DELETE"]),
  paths: respect(["/a", "/a/**", "/*/b", "/connections", "/**"]),
});

test("whatever is asked, what is sent is covered by one permission, reaches the connection's organisations alone, and destroys nothing", async () => {
  const desk = aDesk({ tenants: [tenant("t-1"), tenant("t-2")] });
  let admitted = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.option(narrowing, { nil: null, freq: 20 }), { maxLength: 3 }),
      pathArbitrary,
      fc.record({
        method: fc.constantFrom("GET", "POST", "DELETE", "HEAD"),
        tenant: fc.option(fc.constantFrom("t-1", "T-2", "t-9", ""), { nil: undefined }),
      }),
      async (permissions, path, { method, tenant: named }) => {
        const asked = ask(path, { method, ...(named === undefined ? {} : { tenant: named }) });
        const call = await desk.admit(aCaller(permissions), asked).catch(() => null);
        if (call === null) return;
        admitted += 1;
        // Judged anew from what goes over the wire, as a server would read it.
        const sent = new URL(call.target, call.origin);
        expect([sent.origin, sent.pathname]).toEqual([ORIGIN, call.target]);
        const segments = sent.pathname
          .split("/")
          .slice(1)
          .map((text) => decodeURIComponent(text));
        expect(segments.some((text) => text === ".." || text === "." || text.includes("/"))).toBe(false);
        expect(method === "DELETE" && segments[0]?.toLowerCase() === "connections").toBe(false);
        const about = call.headers["xero-tenant-id"] ?? null;
        expect(about === null ? (call.shows?.tenants ?? []) : [about]).toSatisfy((ids: readonly string[]) =>
          ids.every((id) => ["t-1", "t-2"].includes(id)),
        );
        const isCovered = (id: string | null) =>
          permissions.some(
            (only) =>
              only === null ||
              ((only.methods?.includes(method) ?? true) &&
                (only.tenants === null || (id !== null && only.tenants.some((one) => one.toLowerCase() === id))) &&
                (only.paths?.some((pattern) => asExpression(pattern).test(sent.pathname)) ?? true)),
          );
        for (const id of about === null ? (call.shows?.tenants ?? []) : [about]) expect(isCovered(id)).toBe(true);
        if (about === null && (call.shows?.tenants ?? []).length === 0) expect(isCovered(null)).toBe(true);
      },
    ),
    { numRuns: 3_000 },
  );
  expect(admitted).toBeGreaterThan(100);
});

/** A pattern in another notation. */
function asExpression(pattern: string): RegExp {
  const source = pattern.replace("/**", "@REST@").replaceAll("*", "[^/]+").replace("@REST@", "(/.*)?");
  return new RegExp(`^${source}$`);
}
