import { expect, test } from "vitest";
import { MovableTime } from "../../../../tests/kit/movable-time.ts";
import { createSandbox, DEMO_CLIENT_ID, type Sandbox, type SandboxOptions } from "../index.ts";
import { aPerson, postToken } from "../testing/person.ts";

const demo = "Demo Company (NZ)";
const maple = "Maple Florists (AU)";
const organisation = (sandbox: Sandbox, name: string): string =>
  sandbox.control.organisations().find((each) => each.name === name)?.id ?? "";

interface Answered {
  readonly status: number;
  readonly body: { readonly access_token?: string; readonly scope?: string; readonly error?: string };
}

const asks = async (sandbox: Sandbox, scope: string | null, client?: string): Promise<Answered> => {
  const form = { grant_type: "client_credentials", ...(scope === null ? {} : { scope }) };
  const answer = await (client === undefined ? postToken(sandbox, form) : postToken(sandbox, form, client));
  return { status: answer.status, body: (await answer.json()) as Answered["body"] };
};

const connectionsOf = async (sandbox: Sandbox, token: string | undefined) => {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${sandbox.urls.api}/connections`, { headers });
  return { status: answer.status, body: (await answer.json()) as { id: string; tenantName: string }[] };
};

const claimsOf = (token: string | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from((token ?? "").split(".")[1] ?? "", "base64url").toString());

/** An active Custom Connection to the demo company; `client` is id and secret for Basic. */
async function aCustomConnection(options: SandboxOptions = {}, scopes = ["accounting.settings.read"]) {
  const sandbox = await createSandbox(options);
  const { control } = sandbox;
  const { clientId, clientSecret } = control.createCustomConnection({
    name: "Nightly",
    email: "Jane@demo.example",
    scopes,
  });
  control.authoriseCustomConnection(clientId, { organisationId: organisation(sandbox, demo) });
  const client = `${clientId}:${clientSecret}`;
  return { sandbox, control, clientId, client, [Symbol.asyncDispose]: () => sandbox.close() };
}

test("an ordinary app lists the live connections of all its people with app.connections, and reaches nothing else", async () => {
  await using sandbox = await createSandbox();
  for (const [email, name] of [
    ["jane@demo.example", demo],
    ["jane@demo.example", maple],
    ["sam@demo.example", demo],
  ] as const)
    await aPerson(email).connects(sandbox, { organisation: name, scope: "accounting.settings offline_access" });
  const { status, body } = await asks(sandbox, "app.connections");
  expect([status, body.scope, claimsOf(body.access_token)["sub"]]).toEqual([200, "app.connections", undefined]);
  const listed = await connectionsOf(sandbox, body.access_token);
  expect(listed.body.map(({ tenantName }) => tenantName)).toEqual([demo, maple, demo]);
  sandbox.control.disconnect(listed.body[0]?.id ?? "");
  expect((await connectionsOf(sandbox, body.access_token)).body).toHaveLength(2);
  const headers = { authorization: `Bearer ${body.access_token}`, "xero-tenant-id": organisation(sandbox, demo) };
  expect((await fetch(`${sandbox.urls.api}/api.xro/2.0/Organisation`, { headers })).status).toBe(401);
});

test("marketplace.billing alone does not open the list of connections", async () => {
  await using sandbox = await createSandbox();
  const { body } = await asks(sandbox, "marketplace.billing");
  expect(await connectionsOf(sandbox, body.access_token)).toMatchObject({
    status: 401,
    body: { Detail: "AuthorizationUnsuccessful" },
  });
});

test.each(["accounting.settings", "app.connections accounting.settings", "openid", "app.everything"])(
  "an ordinary app that asks for %s on its own behalf gets invalid_scope",
  async (scope) => {
    await using sandbox = await createSandbox();
    expect(await asks(sandbox, scope)).toEqual({ status: 400, body: { error: "invalid_scope" } });
  },
);

test("without a scope an ordinary app gets both, or invalid_scope by switch; what it may have is a setting of the app", async () => {
  await using sandbox = await createSandbox();
  expect((await asks(sandbox, null)).body.scope).toBe("app.connections marketplace.billing");
  const { control } = sandbox;
  control.changeApp(DEMO_CLIENT_ID, { scopes: ["accounting.settings", "app.connections"] });
  expect((await asks(sandbox, null)).body.scope).toBe("app.connections");
  expect((await asks(sandbox, "marketplace.billing")).body.error).toBe("invalid_scope");
  control.changeApp(DEMO_CLIENT_ID, { scopes: ["accounting.settings"] });
  expect((await asks(sandbox, null)).body.error).toBe("invalid_scope");
  control.changeApp(DEMO_CLIENT_ID, { scopes: null });
  control.setSwitches({ "app_credentials.omitted_scope": "refuse" });
  expect((await asks(sandbox, null)).body.error).toBe("invalid_scope");
});

test("an app without a secret cannot speak for itself", async () => {
  await using sandbox = await createSandbox();
  const { clientId } = sandbox.control.createApp({ kind: "pkce", name: "Phone", redirectUris: [] });
  expect(() =>
    sandbox.control.createApp({ kind: "pkce", name: "x", redirectUris: [], scopes: ["app.connections"] }),
  ).toThrow(expect.objectContaining({ code: "unknown_scope" }));
  const form = { grant_type: "client_credentials", client_id: clientId };
  const answer = await fetch(`${sandbox.urls.identity}/connect/token`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  expect([answer.status, await answer.json()]).toEqual([400, { error: "unauthorized_client" }]);
});

test("a connection made from 29 April 2026 on names no scopes; an older one may name its own; a switch says it outright", async () => {
  const day = 86_400_000;
  await using old = await aCustomConnection({ time: new MovableTime(Date.UTC(2026, 3, 29) - 1) });
  await using young = await aCustomConnection({ time: new MovableTime(Date.UTC(2026, 3, 29)) });
  const outcome = async (
    { sandbox, client }: { readonly sandbox: Sandbox; readonly client: string },
    scope: string | null,
  ) => {
    const { status, body } = await asks(sandbox, scope, client);
    return status === 200 ? body.scope : body.error;
  };
  const own = "accounting.settings.read";
  expect([await outcome(old, null), await outcome(old, own), await outcome(old, "accounting.contacts")]).toEqual([
    own,
    own,
    "invalid_scope",
  ]);
  expect([await outcome(young, null), await outcome(young, own)]).toEqual([own, "invalid_scope"]);
  await old.control.advance({ by: 30 * day });
  expect(await outcome(old, own)).toBe(own);
  young.control.setSwitches({ "cc.scope_rule": "listed-or-omitted" });
  old.control.setSwitches({ "cc.scope_rule": "reject-explicit" });
  expect([await outcome(young, own), await outcome(old, own)]).toEqual([own, "invalid_scope"]);
});

test("broad scopes: an older connection keeps them, but what it gave up does not come back", async () => {
  const time = new MovableTime(Date.UTC(2026, 2, 1));
  const broad = ["accounting.transactions", "accounting.journals.read"];
  await using world = await aCustomConnection({ time }, broad);
  const { control, clientId } = world;
  await control.advance({ by: "90d" });
  const changes = (scopes: string[]) => control.changeCustomConnection(clientId, { scopes });
  const refused = expect.objectContaining({ code: "scope_retired" });
  changes(["accounting.transactions", "accounting.invoices"]);
  expect(() => changes([...broad])).toThrow(refused);
  changes(["accounting.invoices"]);
  expect(() => changes(["accounting.transactions"])).toThrow(refused);
  const another = { name: "New", email: "jane@demo.example", scopes: ["accounting.reports.read"] };
  expect(() => control.createCustomConnection(another)).toThrow(refused);
  expect(control.createCustomConnection({ ...another, createdAt: "2026-04-28T23:59:59Z" }).app.scopes).toEqual(
    another.scopes,
  );
  expect(() => control.createCustomConnection({ ...another, createdAt: "2050-01-01T00:00:00Z" })).toThrow(
    expect.objectContaining({ code: "bad_request" }),
  );
  control.setSwitches({ "cc.broad_scopes": "allow" });
  expect(control.createCustomConnection(another).clientId).toMatch(/^[0-9A-F]{32}$/);
});

test("the token says nothing of a person, or names the one who authorised it by switch", async () => {
  await using world = await aCustomConnection();
  const claims = async () => claimsOf((await asks(world.sandbox, null, world.client)).body.access_token);
  expect(Object.keys(await claims()).toSorted()).toEqual(
    ["aud", "client_id", "exp", "iss", "jti", "nbf", "scope"].toSorted(),
  );
  world.control.setSwitches({ "cc.token_claims": "user-like" });
  const jane = world.control.users().find(({ email }) => email === "jane@demo.example");
  expect(await claims()).toMatchObject({ sub: jane?.id, xero_userid: jane?.xeroUserId });
});

test("what nobody knows of its calls is a switch: connections, the tenant header, the error when it is not active", async () => {
  await using world = await aCustomConnection();
  const { sandbox, control, client } = world;
  const token = (await asks(sandbox, null, client)).body.access_token;
  const organisationStatus = async (tenant: string) => {
    const headers = { authorization: `Bearer ${token}`, "xero-tenant-id": tenant };
    return (await fetch(`${sandbox.urls.api}/api.xro/2.0/Organisation`, { headers })).status;
  };
  expect(await connectionsOf(sandbox, token)).toMatchObject({ status: 200, body: [] });
  control.setSwitches({ "cc.connections": "one" });
  expect((await connectionsOf(sandbox, token)).body).toMatchObject([{ tenantName: demo }]);
  control.setSwitches({ "cc.connections": "forbidden" });
  expect((await connectionsOf(sandbox, token)).status).toBe(403);
  expect(await organisationStatus("")).toBe(200);
  control.setSwitches({ "cc.tenant_header": "required", "cc.inactive_error": "invalid_client" });
  expect([await organisationStatus(""), await organisationStatus(organisation(sandbox, demo))]).toEqual([403, 200]);
  control.deactivateCustomConnection(world.clientId);
  expect((await asks(sandbox, null, client)).body.error).toBe("invalid_client");
});

test("losing the role ends it, and getting the role back does not bring it back", async () => {
  await using world = await aCustomConnection();
  const { sandbox, control, client } = world;
  const userId = control.users().find(({ email }) => email === "jane@demo.example")?.id ?? "";
  const organisationId = organisation(sandbox, demo);
  control.setMembership({ userId, organisationId, role: "Read only" });
  expect((await asks(sandbox, null, client)).body.error).toBe("unauthorized_client");
  control.setMembership({ userId, organisationId, role: "Adviser" });
  expect((await asks(sandbox, null, client)).body.error).toBe("unauthorized_client");
  expect(control.customConnections()[0]?.state).toBe("deactivated");
});

test("the control API refuses what the pages refuse, each with its code", async () => {
  await using world = await aCustomConnection();
  const { sandbox, control, clientId } = world;
  const organisationId = organisation(sandbox, maple);
  const refuses = (code: string, act: () => unknown) => expect(act, code).toThrow(expect.objectContaining({ code }));
  const wanted = { name: "x", scopes: ["accounting.settings"] };
  refuses("bad_request", () => control.createCustomConnection(wanted));
  refuses("bad_request", () => control.createCustomConnection({ ...wanted, userId: "a", email: "jane@demo.example" }));
  refuses("not_found", () => control.createCustomConnection({ ...wanted, email: "nobody@demo.example" }));
  refuses("purchase_needed", () => control.authoriseCustomConnection(clientId, { organisationId, buy: false }));
  refuses("purchase_not_needed", () =>
    control.buyCustomConnection(clientId, { organisationId: organisation(sandbox, demo) }),
  );
  refuses("not_found", () => control.endPurchase(clientId));
  const rita = control.users().find(({ email }) => email === "rita@demo.example")?.id ?? "";
  refuses("not_found", () => control.buyCustomConnection(clientId, { organisationId, userId: rita }));
  refuses("wrong_kind", () => control.mailConsentLink(DEMO_CLIENT_ID));
  refuses("not_found", () => control.mail("nothing"));
  refuses("not_found", () => control.sendIntentToReceive(clientId));
  refuses("not_found", () =>
    control.emitEvent({ organisationId: "nowhere", category: "CONTACT", type: "UPDATE", resourceId: "x" }),
  );
  control.authoriseCustomConnection(clientId, { organisationId });
  expect(control.customConnections()[0]).toMatchObject({
    state: "active",
    purchase: { organisationId, endedAtMs: null },
  });
});

test("the ledger that is shown holds no link and no signing key", async () => {
  await using world = await aCustomConnection();
  const { control, clientId } = world;
  control.setWebhook(clientId, { url: "http://localhost:1/hooks", categories: ["CONTACT"] });
  const shown = JSON.stringify(control.state());
  const [mail] = control.mails();
  expect(shown).not.toContain(new URL(mail?.link ?? "").searchParams.get("link"));
  expect(shown).not.toContain(control.webhooks()[0]?.key);
  expect(shown).not.toMatch(/"(?:link|key)Label"/);
});
