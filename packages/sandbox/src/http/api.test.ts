import { expect, test } from "vitest";
import { createSandbox, type Sandbox } from "../index.ts";
import { aPerson } from "../testing/person.ts";

const organisation = "Demo Company (NZ)";
const scope = "openid accounting.settings offline_access";

async function aConnected(sandbox: Sandbox, scopes = scope) {
  const tokens = await aPerson("jane@demo.example").connects(sandbox, { organisation, scope: scopes });
  const tenant = sandbox.control.organisations().find((each) => each.name === organisation)?.id ?? "";
  const call = (path: string, headers: Readonly<Record<string, string>> = {}, method = "GET") =>
    fetch(`${sandbox.urls.api}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tokens.access_token}`,
        accept: "application/json",
        "xero-tenant-id": tenant,
        ...headers,
      },
    });
  return { tokens, tenant, call };
}

const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);

test("an expired token: 401 TokenExpired with an American date", async () => {
  await using sandbox = await createSandbox();
  const { call } = await aConnected(sandbox);
  await sandbox.control.advance({ by: "31m" });
  const answer = await call("/api.xro/2.0/Organisation");
  expect(answer.status).toBe(401);
  const body = (await answer.json()) as { Detail: string };
  expect(body).toEqual({
    Type: null,
    Title: "Unauthorized",
    Status: 401,
    Detail: expect.any(String),
    Instance: uuid,
    Extensions: {},
  });
  expect(body.Detail).toMatch(/^TokenExpired: token expired at \d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d$/);
});

test("a garbled or missing token: 401 AuthenticationUnsuccessful; so for an ID token", async () => {
  await using sandbox = await createSandbox();
  const { call, tokens } = await aConnected(sandbox);
  for (const authorization of ["Bearer nonsense", "", `Bearer ${tokens.id_token}`, `Bearer ${tokens.access_token}x`]) {
    const answer = await call("/connections", { authorization });
    expect([answer.status, ((await answer.json()) as { Detail: string }).Detail]).toEqual([
      401,
      "AuthenticationUnsuccessful",
    ]);
  }
});

test("a missing scope: 401 AuthorizationUnsuccessful in Xero's spelling, or the other by switch", async () => {
  await using sandbox = await createSandbox();
  const { call } = await aConnected(sandbox);
  const answer = await call("/api.xro/2.0/Contacts");
  expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "insufficent_scope"]);
  expect(((await answer.json()) as { Detail: string }).Detail).toBe("AuthorizationUnsuccessful");
  sandbox.control.setSwitches({ "scope_401.spelling": "insufficient_scope", "401_key_case": "lower" });
  const other = await call("/api.xro/2.0/Contacts");
  expect(other.headers.get("www-authenticate")).toBe("insufficient_scope");
  expect(await other.json()).toMatchObject({ detail: "AuthorizationUnsuccessful" });
});

test("a missing, unknown or dead tenant: 403, while the refresh still works", async () => {
  await using sandbox = await createSandbox();
  const { call, tenant } = await aConnected(sandbox);
  for (const id of ["", "fe79f7dd-0000-4000-8000-000000000000", "x"]) {
    const answer = await call("/api.xro/2.0/Organisation", { "xero-tenant-id": id });
    expect([answer.status, ((await answer.json()) as { Detail: string }).Detail]).toEqual([
      403,
      "AuthenticationUnsuccessful",
    ]);
  }
  expect((await call("/api.xro/2.0/Organisation", { "xero-tenant-id": tenant.toUpperCase() })).status).toBe(200);
  sandbox.control.disconnect(sandbox.control.connections()[0]?.id ?? "");
  expect((await call("/api.xro/2.0/Organisation")).status).toBe(403);
  const listed = await call("/connections");
  expect([listed.status, await listed.json()]).toEqual([200, []]);
  expect(sandbox.control.verify()).toMatchObject({ liveGrants: 1 });
});

test("nothing that /connections answers may be kept, granted or refused", async () => {
  await using sandbox = await createSandbox();
  const { call } = await aConnected(sandbox);
  const kept = async (headers: Readonly<Record<string, string>>, method = "GET", path = "/connections") => {
    const answer = await call(path, headers, method);
    return [answer.status, ...["cache-control", "pragma", "expires"].map((name) => answer.headers.get(name))];
  };
  const never = ["max-age=0, no-cache, no-store", "no-cache", expect.stringMatching(/ GMT$/)];
  expect(await kept({})).toEqual([200, ...never]);
  expect(await kept({ authorization: "Bearer nonsense" })).toEqual([401, ...never]);
  expect(await kept({}, "DELETE", "/connections/x")).toEqual([404, ...never]);
});

test("losing the role ends the connection, not the token", async () => {
  await using sandbox = await createSandbox();
  const { call, tenant } = await aConnected(sandbox);
  const jane = sandbox.control.users().find((user) => user.email === "jane@demo.example")?.id ?? "";
  sandbox.control.setMembership({ userId: jane, organisationId: tenant, role: "Read only" });
  expect((await call("/api.xro/2.0/Organisation")).status).toBe(403);
  expect(sandbox.control.connections()).toMatchObject([{ endedReason: "role-lost" }]);
});

test("connections list every organisation of the person, filter by consent, and are deleted by their own id", async () => {
  await using sandbox = await createSandbox();
  const { tenant } = await aConnected(sandbox);
  const second = await aPerson("jane@demo.example").connects(sandbox, { organisation: "Maple Florists (AU)", scope });
  const headers = { authorization: `Bearer ${second.access_token}` };
  const list = async (query = "") =>
    (await (await fetch(`${sandbox.urls.api}/connections${query}`, { headers })).json()) as {
      id: string;
      tenantName: string;
      authEventId: string;
    }[];
  const all = await list();
  expect(all.map((each) => each.tenantName)).toEqual([organisation, "Maple Florists (AU)"]);
  const event = JSON.parse(Buffer.from(second.access_token.split(".")[1] ?? "", "base64url").toString())
    .authentication_event_id as string;
  expect((await list(`?authEventId=${event}`)).map((each) => each.tenantName)).toEqual(["Maple Florists (AU)"]);
  const remove = async (id: string) =>
    (await fetch(`${sandbox.urls.api}/connections/${id}`, { method: "DELETE", headers })).status;
  expect(await remove(tenant)).toBe(403);
  expect(await remove("fe79f7dd-0000-4000-8000-000000000000")).toBe(404);
  expect([await remove(all[0]?.id ?? ""), await remove(all[0]?.id ?? "")]).toEqual([204, 404]);
  expect((await list()).map((each) => each.tenantName)).toEqual(["Maple Florists (AU)"]);
});

test("XML is the default, JSON by name; contacts come in pages", async () => {
  await using sandbox = await createSandbox();
  const { call, tenant } = await aConnected(sandbox, "accounting.settings.read accounting.contacts.read");
  const xml = await call("/api.xro/2.0/Organisation", { accept: "*/*" });
  expect(xml.headers.get("content-type")).toContain("text/xml");
  expect(await xml.text()).toContain(`<Organisations><Organisation><Name>${organisation}</Name>`);
  const json = await (await call("/api.xro/2.0/Organisation")).text();
  expect(json).toMatch(/\r\n {2}"DateTimeUTC": "\\\/Date\(\d+\)\\\/"/);
  expect((JSON.parse(json) as { Organisations: object[] }).Organisations[0]).toMatchObject({
    OrganisationID: tenant,
    CountryCode: "NZ",
    BaseCurrency: "NZD",
  });
  const page = (await (await call("/api.xro/2.0/Contacts?page=2&pageSize=3")).json()) as {
    Contacts: { Name: string; ContactID: string }[];
    pagination: object;
  };
  expect(page.pagination).toEqual({ page: 2, pageSize: 3, pageCount: 2, itemCount: 5 });
  expect(page.Contacts.map((each) => each.Name)).toEqual(["Marine Systems", "Ridgeway University"]);
  expect((await call(`/api.xro/2.0/Contacts/${page.Contacts[0]?.ContactID}`)).status).toBe(200);
  expect((await call("/api.xro/2.0/Contacts/none")).status).toBe(404);
});

test("a Custom Connection: awaiting consent, active, deactivated", async () => {
  await using sandbox = await createSandbox();
  const userId = sandbox.control.users().find((user) => user.email === "jane@demo.example")?.id ?? "";
  const tenant = sandbox.control.organisations().find((each) => each.name === organisation)?.id ?? "";
  const { clientId, clientSecret } = sandbox.control.createCustomConnection({
    name: "Nightly",
    userId,
    scopes: ["accounting.settings.read"],
  });
  const ask = async (form: Readonly<Record<string, string>> = {}) => {
    const answer = await fetch(`${sandbox.urls.identity}/connect/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials", scopes: "undefined", ...form }),
    });
    return {
      status: answer.status,
      ...((await answer.json()) as { error?: string; access_token?: string; refresh_token?: string; scope?: string }),
    };
  };
  expect(await ask()).toEqual({ status: 400, error: "unauthorized_client" });
  sandbox.control.authoriseCustomConnection(clientId, { organisationId: tenant });
  const token = await ask();
  expect(token).toMatchObject({ status: 200, scope: "accounting.settings.read" });
  expect(token.refresh_token).toBeUndefined();
  expect(await ask({ scope: "accounting.contacts" })).toEqual({ status: 400, error: "invalid_scope" });
  const headers = { authorization: `Bearer ${token.access_token}`, accept: "application/json", "xero-tenant-id": "" };
  const call = async (path: string) => (await fetch(`${sandbox.urls.api}${path}`, { headers })).status;
  expect(await call("/api.xro/2.0/Organisation")).toBe(200);
  expect(await (await fetch(`${sandbox.urls.api}/connections`, { headers })).json()).toEqual([]);
  sandbox.control.changeCustomConnection(clientId, { scopes: ["accounting.contacts.read"] });
  expect([await ask(), await call("/api.xro/2.0/Organisation")]).toEqual([
    { status: 400, error: "unauthorized_client" },
    403,
  ]);
});

test("a GET with the body {} is answered, as xero-node sends it", async () => {
  await using sandbox = await createSandbox();
  const { tokens, tenant } = await aConnected(sandbox);
  const { request } = await import("node:http");
  const status = await new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${tokens.access_token}`,
      accept: "application/json",
      "xero-tenant-id": tenant,
      "content-type": "application/json",
      "content-length": 2,
    };
    const sent = request(`${sandbox.urls.api}/api.xro/2.0/Organisation`, { method: "GET", headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.on("error", reject);
    sent.end("{}");
  });
  expect(status).toBe(200);
});
