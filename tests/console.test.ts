import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StartedNode, startNode } from "@evergrant/cli";
import { Secret } from "@evergrant/core";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Admin } from "./kit/admin.ts";
import { aPerson, launchBrowser } from "./kit/browser.ts";
import { anOpenIdIssuer, type OpenIdIssuer } from "./kit/openid-issuer.ts";

let browser: Browser;
let issuer: OpenIdIssuer;
let node: StartedNode;
let folder: string;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  issuer = await anOpenIdIssuer();
  folder = mkdtempSync(join(tmpdir(), "evergrant-console-"));
  const { clientId, clientSecret } = issuer.client;
  const openId = { issuer: issuer.issuer, clientId, clientSecret: new Secret(clientSecret) };
  node = await startNode({ folder, port: 0, journalMayVanish: true, terminal: false, openId });
  issuer.sendBackTo(`${node.url}/console/sign-in/callback`);
});
afterEach(async () => {
  await node?.close();
  await issuer?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const admin = () => new Admin(node.adminUrl, folder);
const operatorKey = () => readFileSync(join(folder, "operator-key"), "utf8").trim();

async function aConnection(name: string): Promise<void> {
  await admin().post("/apps", { name: "books", provider: "xero", clientId: "c", clientSecret: "s" });
  await admin().post("/connections", { name, app: "books" });
}

/** Presses the button on the console's page and logs in at the issuer as this person, who is sent back at once. */
async function signInElsewhere(page: Page, person: string): Promise<void> {
  await logInElsewhere(page, person);
  await page.getByRole("button", { name: "Continue" }).click();
}

/** The address that the issuer sends the browser back to, which is not opened. */
async function answerFor(page: Page, person: string): Promise<string> {
  await logInElsewhere(page, person);
  await page.getByRole("button", { name: "Continue" }).waitFor();
  const { request } = page.context();
  let answer = await request.post(page.url(), { form: { prompt: "consent" }, maxRedirects: 0 });
  for (let hops = 0; hops < 5; hops += 1) {
    const next = new URL(answer.headers()["location"] ?? "", answer.url()).href;
    if (next.startsWith(node.url)) return next;
    answer = await request.get(next, { maxRedirects: 0 });
  }
  throw new Error("the issuer sent nobody back");
}

async function logInElsewhere(page: Page, person: string): Promise<void> {
  await page.goto(`${node.consoleUrl}/sign-in`);
  await page.getByRole("button", { name: /^Sign in at localhost/ }).click();
  await page.locator('input[name="login"]').fill(person);
  await page.locator('input[name="password"]').fill("any");
  await page.locator('button[type="submit"]').click();
}

test("an operator signs in by key in a browser, sees who they are and how the connections stand, and signs out", async () => {
  await aConnection("acme");
  await using person = await aPerson(browser);
  const { page, context } = person;
  await page.goto(node.consoleUrl);
  expect(new URL(page.url()).pathname).toBe("/console/sign-in");
  await page.getByLabel("Operator key").fill(operatorKey());
  await page.getByRole("button", { name: "Sign in with a key" }).click();
  await page.getByRole("heading", { name: "Connections" }).waitFor();
  expect(await page.locator("main").innerText()).toMatch(
    /Signed in as operator \(admin\)[\s\S]*acme: awaiting consent/,
  );
  const [cookie] = await context.cookies();
  expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: "Strict", expires: -1 });
  expect(await page.evaluate("document.cookie")).toBe("");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Operator key").waitFor();
  await page.goto(node.consoleUrl);
  expect(new URL(page.url()).pathname).toBe("/console/sign-in");
});

test("operators sign in at an OpenID provider, known by subject or verified address, and nobody else comes in", async () => {
  const at = issuer.issuer;
  const add = (name: string, identity: object) =>
    admin().post("/operators", { name, role: "viewer", key: null, identity });
  await add("jane-doe", { kind: "subject", issuer: at, subject: "jane" });
  await add("joe-doe", { kind: "email", issuer: at, email: "joe@demo.example" });
  await add("una-doe", { kind: "email", issuer: at, email: "unverified-una@demo.example" });
  for (const [person, name] of Object.entries({ jane: "jane-doe", joe: "joe-doe" })) {
    await using someone = await aPerson(browser);
    await signInElsewhere(someone.page, person);
    await someone.page.getByRole("heading", { name: "Connections" }).waitFor();
    expect(await someone.page.locator("main").innerText()).toContain(`Signed in as ${name} (viewer)`);
  }
  for (const person of ["mallory", "unverified-una"]) {
    await using someone = await aPerson(browser);
    await signInElsewhere(someone.page, person);
    await someone.page.getByText("sign_in_refused").waitFor();
    await someone.page.goto(node.consoleUrl);
    expect(new URL(someone.page.url()).pathname).toBe("/console/sign-in");
  }
  const { records } = await admin().get<{ records: { event: string; by: string }[] }>("/audit?limit=200");
  const entered = records.filter(({ event }) => event === "operator-signed-in").map(({ by }) => by);
  expect(entered.toReversed()).toEqual(["jane-doe", "joe-doe"]);
  expect(await admin().get("/audit/verification")).toMatchObject({ intact: true });
});

test("an answer that this browser did not ask for signs nobody in: another's, one with another state, one used before", async () => {
  await admin().post("/operators", {
    ...{ name: "mallory-doe", role: "viewer", key: null },
    identity: { kind: "subject", issuer: issuer.issuer, subject: "mallory" },
  });
  await using mallory = await aPerson(browser);
  // Mallory keeps the answer that was meant for her browser, to have it opened by somebody else.
  const answer = await answerFor(mallory.page, "mallory");
  expect(answer).toContain("code=");
  expect(new URL(answer).searchParams.get("iss")).toBe(issuer.issuer);

  await using victim = await aPerson(browser);
  await victim.page.goto(answer);
  await victim.page.getByText("sign_in_invalid").waitFor();
  expect(await victim.context.cookies()).toEqual([]);
  // Also where the victim has begun a sign-in of their own.
  await victim.page.goto(`${node.consoleUrl}/sign-in`);
  await victim.page.getByRole("button", { name: /^Sign in at localhost/ }).click();
  await victim.page.locator('input[name="login"]').waitFor();
  await victim.page.goto(answer);
  await victim.page.getByText("sign_in_invalid").waitFor();
  await victim.page.goto(node.consoleUrl);
  expect(new URL(victim.page.url()).pathname).toBe("/console/sign-in");

  // An answer that names another issuer (RFC 9207), to the browser that asked.
  const mixedUp = new URL(answer);
  mixedUp.searchParams.set("iss", "https://other.example");
  await mallory.page.goto(mixedUp.href);
  await mallory.page.getByText("sign_in_invalid").waitFor();
  // That ended it: the right one comes too late.
  await mallory.page.goto(answer);
  await mallory.page.getByText("sign_in_invalid").waitFor();
});

test("a form of another site signs nobody in or out", async () => {
  await using person = await aPerson(browser);
  const { page } = person;
  const url = `${node.consoleUrl}/sign-in`;
  await page.route("http://evil.example/", (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<form method="post" action="${url}"><input name="key" value="${operatorKey()}"><button>Win</button></form>`,
    }),
  );
  await page.goto("http://evil.example/");
  await page.getByRole("button", { name: "Win" }).click();
  await page.getByText("sign_in_cross_site").waitFor();
  expect(await person.context.cookies()).toEqual([]);
});
