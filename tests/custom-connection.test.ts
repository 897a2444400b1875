import { expect, test } from "vitest";
import { allowsLink, Developer, shown } from "./kit/custom-connection-people.ts";
import { MailCatcher } from "./kit/mail-catcher.ts";
import { aWorld, DEMO_COMPANY } from "./kit/world.ts";

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
