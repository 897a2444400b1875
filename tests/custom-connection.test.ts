import { expect, test } from "vitest";
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

test("its wrong client secret is the app's trouble, not a missing consent", async () => {
  await using world = await aWorld();
  await world.start();
  await world.setUp();
  await world.customConnection("machine", { clientSecret: "not-the-secret" });
  expect(await world.askToken("machine")).toMatchObject({ status: 503, body: { code: "app_refused" } });
});
