import { expect, test } from "vitest";
import { allowsLink, Developer, shown } from "./kit/custom-connection-people.ts";
import { eventually } from "./kit/eventually.ts";
import { MailCatcher } from "./kit/mail-catcher.ts";
import { aWorld, DEMO_COMPANY, type World } from "./kit/world.ts";

test("a Custom Connection: not authorised yet, then tokens without a scope parameter, then deactivated and back", async () => {
  await using world = await aWorld();
  await world.start();
  await world.setUp();
  const custom = await world.customConnection("machine", { authorised: false });
  expect(await world.askToken("machine")).toMatchObject({ status: 400, body: { error: "consent_required" } });
  expect((await world.story("machine")).summary).toContain("not authorised");

  world.sandbox.control.authoriseCustomConnection(custom, { organisationId: world.organisationId(DEMO_COMPANY) });
  await world.advance("6m");
  const token = await world.token("machine");
  expect(await world.organisation(token)).toEqual({ status: 200, name: DEMO_COMPANY });
  await world.advance("31m");
  expect((await world.token("machine")).access_token).not.toBe(token.access_token);

  world.sandbox.control.deactivateCustomConnection(custom);
  await world.advance("31m");
  expect((await world.askToken("machine")).status).toBe(400);
  expect((await world.status("machine")).status).toBe("awaiting-consent");
  world.sandbox.control.authoriseCustomConnection(custom, { organisationId: world.organisationId(DEMO_COMPANY) });
  await world.advance("6m");
  expect(await world.organisation(await world.token("machine"))).toMatchObject({ status: 200 });
  const scopes = world.sandbox.control.requests().filter(({ grantType }) => grantType === "client_credentials");
  expect(scopes.length).toBeGreaterThanOrEqual(4);
});

test("from the portal by a real mail to a token; an edit in the portal ends it until the person allows it again", async () => {
  await using catcher = await MailCatcher.start();
  await using world = await aWorld({ smtp: catcher.url });
  await world.start();
  await world.setUp();
  const developer = new Developer(world.sandbox.urls.control);
  const page = await developer.creates();
  const withSecret = await developer.presses(page, "Generate a secret");
  const client = { clientId: shown(withSecret, "client-id"), clientSecret: shown(withSecret, "client-secret") };
  await world.addCustomConnection("books", client);
  expect(await world.askToken("books")).toMatchObject({ status: 400, body: { error: "consent_required" } });
  expect((await world.status("books")).status).toBe("awaiting-consent");

  const [link = ""] = (await catcher.mail(1)).links;
  expect((await allowsLink(link, DEMO_COMPANY)).text()).toContain(`is connected to ${DEMO_COMPANY}`);
  await world.advance("6m");
  const token = await world.token("books");
  expect(await world.organisation(token)).toEqual({ status: 200, name: DEMO_COMPANY });
  expect((await world.status("books")).status).toBe("connected");

  const edit = { name: "Nightly books", email: "jane@demo.example", "scope.accounting.contacts": "on" };
  const edited = await developer.presses(page, "Save and connect", edit);
  expect(shown(edited, "state")).toContain("Deactivated");
  expect(await world.organisation(token)).toMatchObject({ status: 403 });
  await world.advance("31m");
  expect(await world.askToken("books")).toMatchObject({ status: 400, body: { error: "consent_required" } });
  expect((await world.status("books")).status).toBe("awaiting-consent");
  expect((await world.story("books")).summary).toContain("not authorised");

  const [again = ""] = (await catcher.mail(2)).links;
  await allowsLink(again, DEMO_COMPANY);
  await world.advance("6m");
  const renewed = await world.token("books");
  expect(renewed.access_token).not.toBe(token.access_token);
  // The scopes are those of the edit: settings are no longer among them.
  expect(await world.organisation(renewed)).toMatchObject({ status: 401 });
  expect(world.sandbox.control.customConnections()).toMatchObject([
    { name: "Nightly books", state: "active", scopes: ["accounting.contacts"], organisation: { name: DEMO_COMPANY } },
  ]);
});

test("its wrong client secret is the app's trouble, not a missing consent", async () => {
  await using world = await aWorld();
  await world.start();
  await world.setUp();
  await world.customConnection("machine", { clientSecret: "not-the-secret" });
  expect(await world.askToken("machine")).toMatchObject({ status: 503, body: { code: "app_refused" } });
});

test("nobody asks for it: its approval is found out by polling, its deactivation within a day", async () => {
  // Xero refuses an explicit scope for connections of today: a token proves that none was sent.
  await using world = await aWorld({ switches: { "cc.scope_rule": "reject-explicit" } });
  await world.start();
  await world.setUp();
  const custom = await world.customConnection("machine", { authorised: false });
  await eventually(async () => expect((await world.story("machine")).summary).toContain("not authorised"));
  expect((await world.status("machine")).status).toBe("awaiting-consent");

  await world.advance("2d");
  const polls = tokenRequests(world);
  expect(polls).toBeGreaterThan(20);
  expect(polls).toBeLessThan(150);
  world.sandbox.control.authoriseCustomConnection(custom, { organisationId: world.organisationId(DEMO_COMPANY) });
  await world.advance("1h");
  expect((await world.status("machine")).status).toBe("connected");
  expect(await world.organisation(await world.token("machine"))).toEqual({ status: 200, name: DEMO_COMPANY });

  world.sandbox.control.deactivateCustomConnection(custom);
  await world.advance("26h");
  expect((await world.status("machine")).status).toBe("awaiting-consent");
  const told = (await world.story("machine")).events.map(({ event }) => event);
  expect(told).toContain("not-authorised");
});

test("the same faces as any connection: gateway and forward-auth; a refusal met there shows that it was deactivated", async () => {
  await using world = await aWorld();
  await world.start();
  await world.setUp();
  const custom = await world.customConnection("machine");
  const { clientId, clientSecret } = world.caller;
  const rights = ["gateway", "forward"].map((right) => ({ connection: "machine", right }));
  await world.admin.put(`/callers/${clientId}/permissions`, { permissions: rights });
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
  const headers = { authorization, accept: "application/json" };
  const throughGateway = () =>
    fetch(`${world.url}/gateway/machine/api.xro/2.0/Organisation`, { headers }).then((answer) => answer.status);
  expect(await throughGateway()).toBe(200);
  const forwarded = await fetch(`${world.url}/forward-auth/machine`, {
    headers: { ...headers, "x-forwarded-method": "GET", "x-forwarded-uri": "/api.xro/2.0/Organisation" },
  });
  expect([forwarded.status, forwarded.headers.get("authorization")]).toEqual([200, expect.stringMatching(/^Bearer /)]);

  world.sandbox.control.deactivateCustomConnection(custom);
  expect(await throughGateway()).toBe(403);
  await eventually(async () => expect((await world.status("machine")).status).toBe("awaiting-consent"));
});

function tokenRequests(world: World): number {
  return world.sandbox.control.requests().filter(({ grantType }) => grantType === "client_credentials").length;
}
