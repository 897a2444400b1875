import { hash } from "node:crypto";
import type { AddedCaller, App, ObservedConnection } from "@evergrant/contract";
import { expect, test } from "vitest";
import { eventually } from "./kit/eventually.ts";
import { aWorld, DEMO_COMPANY, type TokenBody, type World } from "./kit/world.ts";

const MINUTE_MS = 60_000;

test("warm hours on a moved clock: the job of two in the morning in Auckland waits for nobody, night after night", async () => {
  await using world = await aWorld();
  await world.connected();
  const hours = { kind: "cron", cron: "0 2 * * *", zone: "Pacific/Auckland" };
  await world.admin.put("/connections/acme/warm-hours", hours);
  for (let night = 0; night < 3; night += 1) {
    const startMs = nextAtMs(world, "Pacific/Auckland", "02:00");
    await world.sandbox.control.advance({ to: new Date(startMs).toISOString() });
    const before = world.refreshes().length;
    const token = await world.token();
    expect(token.expires_in).toBeGreaterThan(15 * 60);
    expect(await world.organisation(token)).toEqual({ status: 200, name: DEMO_COMPANY });
    expect(world.refreshes()).toHaveLength(before);
    // Once ahead of the job, and then for the hour that it is counted as in use.
    expect(before).toBeLessThanOrEqual(1 + night * 6);
  }
  expect((await world.story()).events.map(({ facts }) => facts["because"])).toContain("warm");
});

test("where a refresh kills the old token, each token works for all of its expires_in once that was seen", async () => {
  await using world = await aWorld({ switches: { access_token_on_rotate: "revoke" } });
  await world.connected();
  await world.token();
  await world.advance("21m");
  await world.token();
  await eventually(async () => {
    const seen = world.sandbox.control.requests().filter(({ endpoint }) => endpoint === "connections");
    expect(seen.length).toBeGreaterThan(0);
    expect((await world.token()).expires_in).toBeLessThanOrEqual(18 * 60);
  });
  for (let step = 0; step < 12; step += 1) {
    const token = await world.token();
    const lastsMs = (token.expires_in ?? 0) * 1000;
    expect(lastsMs).toBeGreaterThan(0);
    await world.advance(`${Math.max(0, lastsMs - 1_000)}ms`);
    expect(await world.organisation(token)).toEqual({ status: 200, name: DEMO_COMPANY });
    await world.advance("2m");
  }
});

test("a token that the provider ended is replaced for a caller who brings evidence, and no other is", async () => {
  await using world = await aWorld();
  await world.connected();
  const first = await world.token();
  const evidence = (token: TokenBody) => ({ refused_token_sha256: hash("sha256", token.access_token ?? "", "hex") });
  expect((await world.askToken("acme", evidence(first))).body.access_token).toBe(first.access_token);
  expect(world.refreshes()).toHaveLength(0);

  await endedAtProvider(world, first);
  expect((await world.organisation(first)).status).toBe(401);
  expect((await world.token()).access_token).toBe(first.access_token);
  await world.advance("61s");
  const { body } = await world.askToken("acme", evidence(first));
  expect(body.access_token).not.toBe(first.access_token);
  expect(await world.organisation(body)).toEqual({ status: 200, name: DEMO_COMPANY });
  expect(world.refreshes()).toHaveLength(1);
  // All the same to whoever comes late.
  expect((await world.askToken("acme", evidence(first))).body.access_token).toBe(body.access_token);
  expect(world.refreshes()).toHaveLength(1);
});

test("a caller with observe sees that a role was lost, while the grant itself lives on", async () => {
  await using world = await aWorld();
  await world.connected();
  const observer = await world.admin.post<AddedCaller>("/callers", {
    name: "monitor",
    permissions: [{ connection: "acme", right: "observe" }],
  });
  const status = async () => {
    const pair = Buffer.from(`${observer.clientId}:${observer.clientSecret}`).toString("base64");
    const answer = await fetch(`${world.url}/api/v1/connections/acme/status`, {
      headers: { authorization: `Basic ${pair}` },
    });
    return (await answer.json()) as ObservedConnection;
  };
  const { access_token = "none" } = await world.token();
  const well = await status();
  expect(well).toMatchObject({ name: "acme", status: "connected", missingScopes: [] });
  expect(JSON.stringify(well)).not.toContain(access_token);
  expect(well.lapsesAtMs).toBeGreaterThan(world.sandbox.control.clock().nowMs + 59 * 24 * 60 * MINUTE_MS);

  const { control } = world.sandbox;
  const jane = control.users().find(({ email }) => email === "jane@demo.example");
  control.setMembership({
    ...{ userId: jane?.id ?? "", organisationId: world.organisationId(DEMO_COMPANY), role: null },
  });
  await world.admin.post("/connections/acme/check");
  expect(await status()).toMatchObject({ status: "tenant-gone", tenants: [{ name: DEMO_COMPANY, status: "gone" }] });
});

test("an app with app.connections looks at what nobody uses, each hour, without a refresh; where that is refused no connection suffers", async () => {
  await using world = await aWorld();
  await world.connected();
  const olive = world.aPerson("olive");
  await world.connection("second");
  await world.consents((await world.link("second")).url, olive.email, olive.organisation);
  const { control } = world.sandbox;
  const asApp = () =>
    control.requests().filter(({ endpoint, grantType }) => endpoint === "token" && grantType === "client_credentials");
  const app = control.apps().find(({ name }) => name === "Night job");
  const [clientId, scopes] = [app?.clientId ?? "", app?.scopes ? [...app.scopes] : null];
  const statuses = async () => [(await world.status("acme")).status, (await world.status("second")).status];
  const ends = (name: string) => {
    const connection = control.connections().find(({ tenantId }) => tenantId === world.organisationId(name));
    control.disconnect(connection?.id ?? "");
  };
  await world.advance("3h");
  expect(asApp()).toEqual([]);

  const { scopes: asked } = await appOf(world);
  await world.admin.put("/apps/xero-app/scopes", { scopes: [...asked, "app.connections"] });
  const before = world.refreshes().length;
  // From here on every step ends half an hour after a look.
  await world.advance("150m");
  expect(asApp()).toHaveLength(3);
  ends(olive.organisation);
  await world.advance("1h");
  expect(await statuses()).toEqual(["connected", "tenant-gone"]);
  expect(world.refreshes()).toHaveLength(before);
  expect((await world.status("acme")).missingScopes).toEqual([]);

  // Taken away at the provider: nothing is known then until it is given back, or the grant is refreshed to keep it.
  control.changeApp(clientId, { scopes: ["accounting.settings"] });
  ends(DEMO_COMPANY);
  await world.advance("2h");
  expect(await statuses()).toEqual(["connected", "tenant-gone"]);
  control.changeApp(clientId, { scopes });
  await world.advance("1h");
  expect(await statuses()).toEqual(["tenant-gone", "tenant-gone"]);
  expect((await world.status("acme")).trouble).toBeNull();
});

/** The next instant at which clocks in a zone show this time. */
function nextAtMs(world: World, timeZone: string, time: string): number {
  const shown = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
  const firstMs = Math.ceil((world.sandbox.control.clock().nowMs + 1) / MINUTE_MS) * MINUTE_MS;
  for (let atMs = firstMs; ; atMs += MINUTE_MS) if (shown.format(atMs) === time) return atMs;
}

async function appOf(world: World): Promise<App> {
  const { apps } = await world.admin.get<{ apps: readonly App[] }>("/apps");
  const [app] = apps;
  if (app === undefined) throw new Error("no app");
  return app;
}

/** RFC 7009 at the sandbox, as somebody else who knows the app's credentials could do it. */
async function endedAtProvider(world: World, token: TokenBody): Promise<void> {
  const { control, urls } = world.sandbox;
  const app = control.apps().find(({ name }) => name === "Night job");
  const { clientSecret } = control.addAppSecret(app?.clientId ?? "");
  const answer = await fetch(`${urls.identity}/connect/revocation`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${app?.clientId}:${clientSecret}`).toString("base64")}` },
    body: new URLSearchParams({ token: token.access_token ?? "" }),
  });
  expect(answer.status).toBe(200);
}
