import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AppId, Secret } from "@evergrant/core";
import { type OpenKeeper, openKeeper } from "@evergrant/keeper";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { MatrixServer } from "./client-matrix/matrix-server.ts";
import { startOidcProviderServer } from "./client-matrix/oidc-provider-server.ts";
import { eventually } from "./kit/eventually.ts";
import type { FormBrowser } from "./kit/form-browser.ts";
import { MovableTime } from "./kit/movable-time.ts";

// A certified authorization server that nobody here wrote, found by discovery: single-use refresh tokens, and reuse ends the grant.

const BROWSER = new Secret("a-browser-of-the-test-that-nobody-else-has");
let folder: string;
let time: MovableTime;
let provider: MatrixServer;
let kept: OpenKeeper;
let callbacks: Server;
let received: URLSearchParams | undefined;
let app: AppId;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "evergrant-foreign-"));
  provider = await startOidcProviderServer("http://localhost:1/unused");
  provider.nextPerson();
  callbacks = createServer((request, response) => {
    received = new URL(request.url ?? "/", "http://localhost").searchParams;
    response.end("back");
  });
  await new Promise<void>((ready) => callbacks.listen(0, "localhost", ready));
  time = new MovableTime(Date.now());
  const publicUrl = `http://localhost:${(callbacks.address() as AddressInfo).port}`;
  kept = await openKeeper({ folder, publicUrl, time, journalMayVanish: true, connection: "acme" });
  const { issuer, clientId, clientSecret } = provider.setup;
  const added = await kept.keeper.apps.add({
    ...{ name: "books", provider: "generic", clientId, clientSecret: new Secret(clientSecret), scopes: null },
    ...{ origins: { identity: issuer, login: issuer, api: issuer }, by: "test" },
  });
  app = added.id;
  await provider.allowRedirectTo(added.redirectUri);
  await kept.keeper.connections.create({ name: "acme", app: "books", expectedTenant: null, by: "test" });
});
afterEach(async () => {
  await kept.close();
  await new Promise((closed) => callbacks.close(closed));
  await provider.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A person goes from a link to the provider and back; the callback's parameters as they came. */
async function goesThrough(link: string, browser: FormBrowser): Promise<URLSearchParams> {
  const { authorizeUrl } = await kept.keeper.consents.begin(new Secret(link.split("/").at(-1) ?? ""), BROWSER);
  let page = await browser.open(authorizeUrl);
  if (page.text().includes("Sign-in")) page = await browser.press(page, "Sign-in", { login: "jane", password: "any" });
  if (page.text().includes("Continue")) page = await browser.press(page, "Continue");
  expect(page.text()).toContain("back");
  return received ?? expect.unreachable();
}

async function takes(params: URLSearchParams): Promise<string> {
  const consent = await kept.keeper.consents.receive({ app, params, browser: BROWSER });
  return (await kept.keeper.consents.result(consent, BROWSER)).kind;
}

async function firstConsent(browser = provider.browser()): Promise<void> {
  const { url } = await kept.keeper.consents.createLink({ connection: "acme", accept: "any-tenant", by: "test" });
  expect(await takes(await goesThrough(url, browser))).toBe("accepted");
}

async function whoIs(): Promise<unknown> {
  const answer = await kept.fetch(provider.setup.resource);
  return [answer.status, ((await answer.json()) as { sub?: string }).sub];
}

async function renewsInTime(): Promise<void> {
  const before = provider.refreshes();
  await whoIs();
  await provider.advance("41m");
  await time.advance(41 * 60_000);
  await eventually(async () => {
    await time.advance(5_000);
    expect(provider.refreshes()).toBe(before + 1);
  });
}

test("is found by its issuer, consented to in its own pages, and kept alive through its rotations", async () => {
  await firstConsent();
  expect(await whoIs()).toEqual([200, "jane"]);
  expect(await kept.keeper.connections.byName("acme")).toMatchObject({ status: "connected", subject: "jane" });
  for (let round = 0; round < 3; round += 1) {
    await renewsInTime();
    expect(await whoIs()).toEqual([200, "jane"]);
  }
  expect(await provider.grantLives()).toBe(true);
});

test("is believed only where it names itself as it promised: an answer of another issuer, or of none, is refused", async () => {
  const { url } = await kept.keeper.consents.createLink({ connection: "acme", accept: "any-tenant", by: "test" });
  const params = await goesThrough(url, provider.browser());
  expect(params.get("iss")).toBe(provider.setup.issuer);
  const without = new URLSearchParams(params);
  without.delete("iss");
  const foreign = new URLSearchParams(params);
  foreign.set("iss", "https://another.example");
  const twice = new URLSearchParams(params);
  twice.append("iss", provider.setup.issuer);
  for (const mixedUp of [without, foreign, twice])
    await expect(takes(mixedUp)).rejects.toMatchObject({ code: "consent_callback_invalid" });
  // The code was sent nowhere, so the true answer is still good.
  expect(await takes(params)).toBe("accepted");
});

test("gives no grace: a lost answer is told as the loss that it is, and the same person mends it", async () => {
  const browser = provider.browser();
  await firstConsent(browser);
  await whoIs();
  provider.loseNextAnswer();
  await provider.advance("41m");
  await time.advance(41 * 60_000);
  await eventually(async () => {
    await time.advance(60_000);
    expect((await kept.keeper.connections.byName("acme")).status).toBe("consent-needed");
  });
  await expect(kept.accessToken()).rejects.toMatchObject({ code: "consent_required" });
  expect(await provider.grantLives()).toBe(false);
  const { url } = await kept.keeper.consents.reconsentLink("acme");
  expect(await takes(await goesThrough(url, browser))).toBe("accepted");
  expect(await whoIs()).toEqual([200, "jane"]);
  expect(await provider.grantLives()).toBe(true);
  expect(await kept.keeper.connections.byName("acme")).toMatchObject({ status: "connected", subject: "jane" });
});

test("is told when the connection is removed: its grant is gone there as well", async () => {
  await firstConsent();
  await renewsInTime();
  expect(await kept.keeper.connections.remove("acme", "test")).toMatchObject({ grantRevoked: true });
  expect(await provider.grantLives()).toBe(false);
});
