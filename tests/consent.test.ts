import type { App, ConsentHistory, PastedConsent, RemovalPlan, RevokedGrant } from "@evergrant/contract";
import { expect, test } from "vitest";
import { bring, consentsBy, revocations, saysYes } from "./kit/consent-run.ts";
import { aWorld, DEMO_COMPANY, MAPLE, type World } from "./kit/world.ts";

const JANE = "jane@demo.example";

test("scopes: Xero's move to granular ones, shown for each connection and brought by a consent again", async () => {
  await using world = await aWorld();
  await world.start();
  await world.setUp();
  const broad = ["openid", "email", "accounting.transactions", "accounting.settings", "offline_access"];
  const { url } = await anOldApp(world, broad);
  expect(await consentsBy(url, JANE, DEMO_COMPANY)).toContain("is connected");
  const before = await world.status("books");
  expect([before.status, before.missingScopes]).toEqual(["connected", []]);
  const again = (await world.admin.get<{ url: string }>("/connections/books/reconsent-link")).url;
  expect((await bring(again)).text).toContain("There is nothing to do");

  const granular = ["accounting.invoices", "accounting.payments", "accounting.banktransactions"];
  const wanted = [...broad.filter((scope) => scope !== "accounting.transactions"), ...granular];
  await world.admin.put("/apps/old-app/scopes", { scopes: wanted });
  const lacking = await world.status("books");
  // Nothing changes in the tokens of today: the connection goes on.
  expect([lacking.status, lacking.missingScopes]).toEqual(["connected", granular]);
  expect(await consentsBy(again, JANE, DEMO_COMPANY)).toContain("is connected");
  const after = await world.status("books");
  expect([after.missingScopes, after.scope?.split(" ")]).toEqual([[], expect.arrayContaining(granular)]);
  expect((await bring(again)).text).toContain("There is nothing to do");
  await world.advance("40m");
  expect(await world.organisation(await world.token("books"))).toMatchObject({ status: 200 });
});

test("an operator sees who consented, when, from where, and what became of it", async () => {
  await using world = await aWorld();
  await world.start();
  await world.setUp();
  const mallory = world.aPerson("mallory");
  await consentsBy((await world.link("acme", "ask")).url, mallory.email, mallory.organisation);
  const [held] = await world.held();
  await world.admin.post(`/consents/${held?.id}/decision`, { accept: false });
  await consentsBy((await world.link("acme", "any-tenant")).url, JANE, DEMO_COMPANY);
  const { consents } = await world.admin.get<ConsentHistory>("/connections/acme/consents");
  const from = { address: expect.stringMatching(/127\.0\.0\.1|::1/), agent: expect.stringContaining("node") };
  expect(consents).toMatchObject([
    { purpose: "first", outcome: "accepted", subjectName: JANE, tenants: [DEMO_COMPANY], decidedBy: "rule", from },
    { purpose: "first", outcome: "refused", subjectName: mallory.email, decidedBy: "operator", from },
  ]);
  const [latest] = consents;
  expect(latest?.startedAtMs).toBeLessThanOrEqual(latest?.atMs ?? 0);
});

test("without a public URL: the address that a person ended on is pasted by the operator who sent them, once", async () => {
  await using world = await aWorld();
  await world.start();
  await world.setUp();
  const begin = () => world.admin.post<PastedConsent>("/connections/acme/pasted-consents");
  const paste = (id: string, address: string) =>
    world.admin.post<{ kind: string; because?: string[] }>(`/consents/${id}/callback`, { address });
  const [pasted, other] = [await begin(), await begin()];
  const { url, text } = await saysYes(pasted.authorizeUrl, JANE, DEMO_COMPANY).then((page) => ({
    url: page.url,
    text: page.text(),
  }));
  // On a machine where the redirect URI does open, the page says what is to be done with its address.
  expect(text).toContain("copy the whole address of this page");

  for (const [id, address] of [
    [pasted.id, url.replace("/oauth/callback/", "/oauth/callback/x")],
    [pasted.id, url.replace(/([?&]state)=[^&]+/, "$1=forged")],
    [pasted.id, `${url}&state=again`],
    [other.id, url],
  ] as const)
    await expect(paste(id, address)).rejects.toThrow("consent_callback_invalid");
  await expect(paste("cs_none", url)).rejects.toThrow("consent_unknown");

  expect(await paste(pasted.id, `  ${url}\n`)).toMatchObject({ kind: "held", because: ["initiator-must-confirm"] });
  expect((await world.held())[0]).toMatchObject({ pastedBy: "operator", from: null, subjectName: JANE });
  await world.admin.post(`/consents/${pasted.id}/decision`, { accept: true });
  expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
  expect(await paste(pasted.id, url)).toMatchObject({ kind: "accepted" });
  await expect(begin()).rejects.toThrow("consent_not_needed");
});

test("two connections on one grant: shown as what they are; what a removal and a revocation end is listed before", async () => {
  await using world = await aWorld();
  await world.connected();
  await world.connection("maple");
  const { url } = await world.link("maple", "ask");
  expect(await consentsBy(url, JANE, MAPLE)).toContain("not in use yet");
  const [held] = await world.held();
  // Before the yes: whoever says it learns that callers of both reach each other's organisations.
  expect(held).toMatchObject({
    sharedWith: ["acme"],
    tenants: [MAPLE],
    reaches: expect.arrayContaining([DEMO_COMPANY]),
  });
  const result = await world.admin.post<{ kind: string }>(`/consents/${held?.id}/decision`, { accept: true });
  expect(result).toMatchObject({ kind: "accepted", sharedWith: ["acme"] });
  expect([(await world.status()).sharedWith, (await world.status("maple")).sharedWith]).toEqual([["maple"], ["acme"]]);
  await world.permit(["acme", "maple"]);

  const plan = await world.admin.get<RemovalPlan>("/connections/maple/removal");
  expect(plan).toMatchObject({
    disconnect: { tenants: [MAPLE], connections: ["maple"], remaining: ["acme"], grantRevoked: false },
    revoke: { connections: ["acme", "maple"], callers: ["night-job"], waitingConsents: 0 },
  });
  const revoke = (connections: readonly string[]) =>
    world.admin.post<RevokedGrant>("/connections/maple/revoke", { connections });
  await expect(revoke(["maple"])).rejects.toThrow("revocation_changed");
  expect([revocations(world), (await world.askToken()).status]).toEqual([0, 200]);

  expect(await world.admin.remove("/connections/maple")).toMatchObject({ disconnected: [MAPLE], remaining: ["acme"] });
  expect(revocations(world)).toBe(0);
  expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });

  await world.admin.post("/connections/acme/revoke", { connections: ["acme"] });
  expect([revocations(world), (await world.askToken()).status]).toEqual([1, 400]);
  expect((await world.status()).status).toBe("ended");
  const again = (await world.admin.get<{ url: string }>("/connections/acme/reconsent-link")).url;
  expect(await consentsBy(again, JANE, DEMO_COMPANY)).toContain("is connected");
  expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
});

test("organisations that could not be read: a yes reads them first, and asks again where that tells something new", async () => {
  await using world = await aWorld();
  await world.start();
  await world.setUp({ expectedTenant: MAPLE });
  world.sandbox.control.placeFault({
    ...{ endpoint: "connections", point: "before-commit", times: 3 },
    action: { kind: "status", status: 503 },
  });
  await consentsBy((await world.link("acme")).url, JANE, DEMO_COMPANY);
  const [held] = await world.held();
  expect([held?.because, held?.tenants]).toEqual([["tenants-unread"], []]);
  const yes = () => world.admin.post<{ kind: string }>(`/consents/${held?.id}/decision`, { accept: true });
  expect(await yes()).toMatchObject({ kind: "held", because: ["expected-tenant-missing"], tenants: [DEMO_COMPANY] });
  expect((await world.askToken()).status).toBe(400);
  expect(await yes()).toMatchObject({ kind: "accepted", tenants: [DEMO_COMPANY] });
  expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
});

/** An app from before granular scopes, a connection `books` of it that our caller may use, and its first link. */
async function anOldApp(world: World, scopes: readonly string[]): Promise<{ url: string }> {
  const { clientId, clientSecret } = world.sandbox.control.createApp({
    ...{ kind: "web", name: "Old app", redirectUris: ["http://localhost/unused"], tier: "advanced", certified: true },
    createdAt: "2025-01-01T00:00:00Z",
  });
  const { identity, login, api } = world.sandbox.urls;
  const origins = { identity, login, api };
  const wanted = { name: "old-app", provider: "xero", clientId, clientSecret, scopes, origins };
  const app = await world.admin.post<App>("/apps", wanted);
  world.sandbox.control.changeApp(clientId, { redirectUris: [app.redirectUri] });
  await world.admin.post("/connections", { name: "books", app: "old-app" });
  await world.permit(["books"]);
  return await world.link("books");
}
