import * as client from "openid-client";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aPerson, launchBrowser } from "./kit/browser.ts";
import { aWorld, DEMO_COMPANY, MAPLE, type World } from "./kit/world.ts";

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
});

describe("one consent in a real browser", () => {
  test("then a foreign OAuth library gets tokens with client credentials and calls the API", async () => {
    await using world = await aWorld();
    await world.start();
    const { url } = await world.setUp({ expectedTenant: DEMO_COMPANY });
    await using jane = await aPerson(browser);
    await consent(jane.page, url, { email: "jane@demo.example", organisation: DEMO_COMPANY });
    expect(await jane.page.textContent("main")).toContain(DEMO_COMPANY);

    const { clientId, clientSecret } = world.caller;
    const options = { execute: [client.allowInsecureRequests] };
    const configuration = await client.discovery(
      new URL(`${world.url}/connections/acme`),
      clientId,
      clientSecret,
      client.ClientSecretBasic(clientSecret),
      options,
    );
    const token = await client.clientCredentialsGrant(configuration);
    expect(token).not.toHaveProperty("refresh_token");
    const tenants = token["tenants"] as unknown as { id: string }[];
    const answer = await fetch(`${world.sandbox.urls.api}/api.xro/2.0/Organisation`, {
      headers: {
        authorization: `Bearer ${token.access_token}`,
        "xero-tenant-id": tenants[0]?.id ?? "",
        accept: "application/json",
      },
    });
    expect(((await answer.json()) as { Organisations: { Name: string }[] }).Organisations[0]?.Name).toBe(DEMO_COMPANY);
  });

  test("an organisation that nobody named beforehand waits for the initiator's yes", async () => {
    await using world = await aWorld();
    await world.start();
    await world.setUp();
    const { url } = await world.link("acme", "ask");
    await using jane = await aPerson(browser);
    await consent(jane.page, url, { email: "jane@demo.example", organisation: DEMO_COMPANY });
    expect(await world.status()).toMatchObject({ status: "consent-held" });
    expect((await world.askToken()).status).toBe(400);
    const [held] = await world.held();
    expect(held).toMatchObject({
      tenants: [DEMO_COMPANY],
      subjectName: "jane@demo.example",
      because: ["initiator-must-confirm"],
    });
    await world.admin.post(`/consents/${held?.id}/decision`, { accept: true });
    expect((await world.askToken()).status).toBe(200);
    await jane.page.reload();
    expect(await jane.page.textContent("main")).toContain(DEMO_COMPANY);
  });
});

describe("what goes wrong ends on a plain page and harms nothing", () => {
  test("a person who declines", async () => {
    await using world = await aWorld();
    await world.start();
    const { url } = await world.setUp();
    await using jane = await aPerson(browser);
    await reachConsent(jane.page, url, "jane@demo.example");
    await jane.page.getByRole("button", { name: "Cancel" }).click();
    await jane.page.waitForURL(/\/consent\/result\//);
    expect(await jane.page.textContent("main")).toMatch(/declined/i);
    expect((await world.status()).status).toBe("awaiting-consent");
    await consent(jane.page, url, { email: "jane@demo.example", organisation: DEMO_COMPANY, loggedIn: true });
    expect((await world.status()).status).toBe("connected");
  });

  test("a person who may only read is told why, and can leave", async () => {
    await using world = await aWorld();
    await world.start();
    const { url } = await world.setUp();
    await using rita = await aPerson(browser);
    await reachConsent(rita.page, url, "rita@demo.example");
    expect(await rita.page.textContent("main")).toContain("Read only");
    expect(await rita.page.getByRole("button", { name: "Allow access" }).count()).toBe(0);
    await rita.page.getByRole("button", { name: "Cancel" }).click();
    await rita.page.waitForURL(/\/consent\/result\//);
    expect((await world.status()).status).toBe("awaiting-consent");
  });

  test("a link that was used", async () => {
    await using world = await aWorld();
    await world.start();
    const { url } = await world.setUp();
    await using jane = await aPerson(browser);
    await consent(jane.page, url, { email: "jane@demo.example", organisation: DEMO_COMPANY });
    await using other = await aPerson(browser);
    const answer = await other.page.goto(url);
    expect(answer?.status()).toBe(410);
    expect(await other.page.textContent("main")).toContain("used already");
    await expectUnharmed(world);
  });

  test("a forged state, and a callback without one", async () => {
    await using world = await aWorld();
    await world.start();
    const { url } = await world.setUp();
    await using jane = await aPerson(browser);
    const callback = await interceptCallback(jane.page, url);
    const tokenRequests = () => world.sandbox.control.requests().filter(({ endpoint }) => endpoint === "token").length;
    for (const change of [
      (at: URL) => at.searchParams.set("state", "forged"),
      (at: URL) => at.searchParams.delete("state"),
      (at: URL) => at.searchParams.append("state", "x"),
    ]) {
      const forged = new URL(callback);
      change(forged);
      expect((await jane.page.goto(forged.href))?.status()).toBe(400);
      expect(await jane.page.textContent("main")).toContain("start over");
    }
    expect(tokenRequests()).toBe(0);
    await jane.page.goto(callback.href);
    await expectUnharmed(world);
  });

  test("a callback in another browser, then in the right one, then reloaded: one code exchange", async () => {
    await using world = await aWorld();
    await world.start();
    const { url } = await world.setUp();
    await using jane = await aPerson(browser);
    const callback = await interceptCallback(jane.page, url);
    await using mallory = await aPerson(browser);
    expect((await mallory.page.goto(callback.href))?.status()).toBe(403);
    expect(await mallory.page.textContent("main")).toContain("another browser");
    for (let visit = 0; visit < 3; visit += 1) {
      await jane.page.goto(callback.href);
      expect(await jane.page.textContent("main")).toContain(DEMO_COMPANY);
      await jane.page.reload();
    }
    expect(world.sandbox.control.requests().filter(({ grantType }) => grantType === "authorization_code")).toHaveLength(
      1,
    );
    await expectUnharmed(world);
  });

  test.each([
    [
      "another organisation",
      { email: "jane@demo.example", organisation: MAPLE },
      /new-tenant|other organisation|waits/i,
    ],
    ["another person", { email: "sam@demo.example", organisation: DEMO_COMPANY }, /another person|waits/i],
  ])(
    "%s at re-consent waits for an operator; after a no, the right person heals the connection",
    async (_name, who, sentence) => {
      await using world = await aWorld();
      await world.connected();
      const before = await world.status();
      await world.stop();
      await world.advance("61d");
      await world.start();
      await world.advance("11m");
      expect((await world.status()).status).toBe("consent-needed");
      const { url } = await world.admin.get<{ url: string }>("/connections/acme/reconsent-link");
      await using person = await aPerson(browser);
      await consent(person.page, url, who);
      expect(await person.page.textContent("main")).toMatch(sentence);
      expect(await world.status()).toMatchObject({ subject: before.subject, status: "consent-held" });
      expect((await world.askToken()).status).toBe(400);
      const [held] = await world.held();
      await world.admin.post(`/consents/${held?.id}/decision`, { accept: false });
      await using jane = await aPerson(browser);
      await consent(jane.page, url, { email: "jane@demo.example", organisation: DEMO_COMPANY });
      expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
    },
  );

  test("a re-consent link of a connection that works says that there is nothing to do", async () => {
    await using world = await aWorld();
    await world.connected();
    const { url } = await world.admin.get<{ url: string }>("/connections/acme/reconsent-link");
    await using jane = await aPerson(browser);
    await jane.page.goto(url);
    expect(await jane.page.textContent("main")).toContain("nothing to do");
    await expectUnharmed(world);
  });
});

interface Who {
  readonly email: string;
  readonly organisation: string;
  readonly loggedIn?: boolean;
}

async function consent(page: Page, link: string, who: Who): Promise<void> {
  if (who.loggedIn === true) await startAtLink(page, link);
  else await reachConsent(page, link, who.email);
  const choice = page.getByLabel(who.organisation, { exact: true });
  if (await choice.isEnabled()) {
    await choice.check();
    await page.getByRole("button", { name: "Allow access" }).click();
  } else await page.getByRole("button", { name: /^Continue with/ }).click();
  await page.waitForURL(/\/consent\/result\//);
}

async function reachConsent(page: Page, link: string, email: string): Promise<void> {
  await startAtLink(page, link);
  await page.getByLabel("Email address").fill(email);
  await page.getByLabel("Password").fill("sandbox");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: /wants access/ }).waitFor();
}

async function startAtLink(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByRole("button").first().click();
}

/** Everything up to the provider's answer, which is caught instead of delivered. */
async function interceptCallback(page: Page, link: string): Promise<URL> {
  // Playwright's own routes do not see redirects; the protocol beneath them does.
  const session = await page.context().newCDPSession(page);
  const caught = new Promise<URL>((resolve) => {
    session.on("Fetch.requestPaused", ({ requestId, request }) => {
      resolve(new URL(request.url));
      void session.send("Fetch.failRequest", { requestId, errorReason: "Aborted" });
    });
  });
  await session.send("Fetch.enable", { patterns: [{ urlPattern: "*/oauth/callback/*" }] });
  await reachConsent(page, link, "jane@demo.example");
  await page.getByLabel(DEMO_COMPANY, { exact: true }).check();
  await page.getByRole("button", { name: "Allow access" }).click();
  const callback = await caught;
  await session.send("Fetch.disable");
  return callback;
}

async function expectUnharmed(world: World): Promise<void> {
  expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
  expect((await world.status()).status).toBe("connected");
}
