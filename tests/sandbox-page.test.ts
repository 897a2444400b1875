import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createSandbox, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, type Sandbox } from "@evergrant/sandbox";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aPerson, launchBrowser } from "./kit/browser.ts";

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
});

/** An app that people come back to after their consent. */
async function anApp() {
  const server = createServer((_request, response) => response.end("back at the app"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { callback: `http://localhost:${(server.address() as AddressInfo).port}/callback`, close };
}

/** A sandbox, its page in a browser, and the app. */
async function aDesk() {
  const app = await anApp();
  const sandbox = await createSandbox({ redirectUris: [app.callback] });
  const person = await aPerson(browser);
  const troubles: string[] = [];
  person.page.on("console", (message) => troubles.push(message.text()));
  person.page.on("pageerror", (error) => troubles.push(String(error)));
  const close = async () => {
    await person[Symbol.asyncDispose]();
    await sandbox.close();
    await app.close();
  };
  return {
    sandbox,
    callback: app.callback,
    page: person.page,
    troubles,
    context: person.context,
    [Symbol.asyncDispose]: close,
  };
}

const askToken = (sandbox: Sandbox, form: Readonly<Record<string, string>>): Promise<Response> =>
  fetch(`${sandbox.urls.identity}/connect/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${DEMO_CLIENT_ID}:${DEMO_CLIENT_SECRET}`).toString("base64")}` },
    body: new URLSearchParams(form),
  });

const refresh = async (sandbox: Sandbox, refreshToken: string): Promise<string | null> => {
  const form = { grant_type: "refresh_token", refresh_token: refreshToken };
  const answer = await askToken(sandbox, form).catch(() => null);
  if (answer?.status !== 200) return null;
  return ((await answer.json()) as { refresh_token: string }).refresh_token;
};

/** Jane consents in a tab of her own; the refresh token that the app gets. */
async function consents(sandbox: Sandbox, page: Page, callback: string): Promise<string> {
  const asked = {
    client_id: DEMO_CLIENT_ID,
    redirect_uri: callback,
    response_type: "code",
    scope: "openid accounting.settings offline_access",
  };
  await page.goto(`${sandbox.urls.login}/identity/connect/authorize?${new URLSearchParams(asked)}`);
  await page.getByLabel("Email address").fill("jane@demo.example");
  await page.getByLabel("Password").fill("sandbox");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByLabel("Demo Company (NZ)", { exact: true }).check();
  await page.getByRole("button", { name: "Allow access" }).click();
  await page.getByText("back at the app").waitFor();
  const code = new URL(page.url()).searchParams.get("code") ?? "";
  const answer = await askToken(sandbox, { grant_type: "authorization_code", code, redirect_uri: callback });
  return ((await answer.json()) as { refresh_token: string }).refresh_token;
}

test("a person loses an answer, sees the fork it may lead to, moves time and reads what happened", async () => {
  await using desk = await aDesk();
  const { sandbox, page } = desk;
  await page.goto(`${sandbox.urls.control}`);
  expect(page.url()).toBe(sandbox.urls.page);
  await page.getByText("No consent was given yet.").waitFor();
  const first = await consents(sandbox, await desk.context.newPage(), desk.callback);

  const tokens = page.locator("#live-trees");
  await tokens.getByText("1 of 1 live").waitFor();
  await page.getByRole("button", { name: "Drop next refresh", exact: true }).click();
  await page.locator("#live-faults").getByText("after-commit-before-headers").waitFor();
  expect(sandbox.control.faults()).toMatchObject([{ action: { kind: "drop" }, grantType: "refresh_token" }]);

  // Nothing is reloaded from here on: what the page shows comes by itself.
  expect(await refresh(sandbox, first)).toBeNull();
  const lost = page.locator("#live-requests tr.struck");
  await lost.waitFor();
  expect(await lost.textContent()).toMatch(/rotate.*none.*yes.*fault-1: drop, after-commit-before-headers/);
  expect(await refresh(sandbox, first)).not.toBeNull();
  await tokens.getByText("2 successors", { exact: true }).waitFor();
  expect(await tokens.locator("ol.chain li").count()).toBe(3);
  await tokens.getByText("spent, may still be repeated").waitFor();

  const second = await refresh(sandbox, first);
  const third = await refresh(sandbox, first);
  await refresh(sandbox, second ?? "");
  await refresh(sandbox, third ?? "");
  await tokens.getByText("fork: 2 successors used").waitFor();
  expect(await page.locator("#verdict").textContent()).toBe("Something happened that must not.");

  const before = sandbox.control.clock().nowMs;
  await page.getByRole("button", { name: "+ 31m" }).click();
  await page.getByText("31 min ahead of real time.").waitFor();
  expect(sandbox.control.clock().nowMs - before).toBeGreaterThanOrEqual(31 * 60_000);
  expect(await refresh(sandbox, first)).toBeNull();
  const newest = page.locator("#live-requests tbody tr").first();
  await newest.getByText("reuse").waitFor();
  expect(await newest.textContent()).toMatch(/token.*POST \/connect\/token refresh_token.*Demo app.*reuse.*400/);
  expect(await tokens.locator("ol.chain li").first().textContent()).toMatch(/spent.*refused once/s);

  const shown = await page.content();
  for (const secret of [first, second, third, DEMO_CLIENT_SECRET]) expect(shown).not.toContain(secret);
  expect(desk.troubles).toEqual([]);
});

test("the form for faults offers what goes together, says what is wrong, and keeps what was filled in", async () => {
  await using desk = await aDesk();
  const { sandbox, page } = desk;
  await page.goto(sandbox.urls.page);
  const form = page.locator('form[action$="/faults"]');
  await form.getByLabel("endpoint").selectOption("webhook");
  expect(await form.locator('select[name=action] option[value="reset"]').isDisabled()).toBe(true);
  await form.getByLabel("endpoint").selectOption("api");
  await form.getByLabel("action").selectOption("status");
  expect(await form.getByLabel("milliseconds").isVisible()).toBe(false);
  await form.getByLabel("status", { exact: true }).fill("many");
  await form.getByLabel("path begins with").fill("/api.xro/2.0/Invoices");
  await page.getByRole("button", { name: "Place fault" }).click();
  expect(await page.getByRole("alert").textContent()).toContain("(bad_request)");
  expect(await form.getByLabel("path begins with").inputValue()).toBe("/api.xro/2.0/Invoices");
  await form.getByLabel("status", { exact: true }).fill("503");
  await form.getByLabel("Retry-After, s").fill("7");
  await form.getByLabel("how many times").fill("0");
  await form.getByLabel("person").selectOption("jane@demo.example");
  await page.getByRole("button", { name: "Place fault" }).click();
  await page.locator("#live-faults").getByText("until removed").waitFor();
  expect(sandbox.control.faults()).toMatchObject([
    {
      endpoint: "api",
      path: "/api.xro/2.0/Invoices",
      times: null,
      userId: sandbox.control.users().find(({ email }) => email === "jane@demo.example")?.id,
      action: { kind: "status", status: 503, retryAfterSeconds: 7 },
    },
  ]);
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByText("None is placed.").waitFor();
  expect(sandbox.control.faults()).toEqual([]);
});

test("a snapshot is kept, and everything goes back to it", async () => {
  await using desk = await aDesk();
  const { sandbox, page } = desk;
  await page.goto(sandbox.urls.page);
  await page.getByPlaceholder("before").fill("first");
  await page.getByRole("button", { name: "Take a snapshot" }).click();
  await page.locator("#live-snapshots").getByText("first").waitFor();
  sandbox.control.createUser({ email: "zoe@demo.example", givenName: "Zoe", familyName: "Z" });
  await page.locator("#live-people").getByText("zoe@demo.example").waitFor();
  await page.getByRole("button", { name: "+ 1d" }).click();
  await page.getByText("24 h ahead of real time.").waitFor();
  await page.getByRole("button", { name: "Restore, time goes on" }).click();
  await page.locator("#live-people").getByText("zoe@demo.example").waitFor({ state: "detached" });
  await page.getByText("24 h ahead of real time.").waitFor();
  await page.getByRole("button", { name: "Rewind, time too" }).click();
  await page.getByText("Real time.").waitFor();
});

test("without a script the page does the same, when it is reloaded", async () => {
  await using sandbox = await createSandbox();
  const context = await browser.newContext({ javaScriptEnabled: false });
  try {
    const page = await context.newPage();
    await page.goto(sandbox.urls.page);
    await page.getByPlaceholder("90s, 31m, 2h, 61d").fill("61d");
    await page.getByRole("button", { name: "Move time" }).click();
    await page.getByText("61 d ahead of real time.").waitFor();
    await page.getByPlaceholder("2027-01-31T09:00:00Z").fill("2001-01-01T00:00:00Z");
    await page.getByRole("button", { name: "Move time" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("(clock_backwards)");
  } finally {
    await context.close();
  }
});

test("a page of another origin, also one on this machine, can do nothing", async () => {
  await using desk = await aDesk();
  const { sandbox, page } = desk;
  // As foreign as any other page: the same machine, another port.
  await page.goto(desk.callback);
  const sent = await page.evaluate(async (control) => {
    const tries: [string, RequestInit][] = [
      ["reset", { method: "POST", mode: "no-cors" }],
      ["keys/rotate", { method: "POST", mode: "no-cors", body: "" }],
      ["desk/reset", { method: "POST", mode: "no-cors", body: new URLSearchParams({ a: "b" }) }],
      ["state", { mode: "no-cors" }],
    ];
    const kinds = [];
    for (const [path, init] of tries) kinds.push((await fetch(`${control}/${path}`, init)).type);
    return kinds;
  }, sandbox.urls.control);
  // All of them arrived; only the sandbox could refuse them.
  expect(sent).toEqual(Array(4).fill("opaque"));
  expect(sandbox.control.keys()).toHaveLength(1);
  sandbox.control.createUser({ email: "zoe@demo.example", givenName: "Zoe", familyName: "Z" });
  await page.evaluate((action) => {
    const form = document.createElement("form");
    form.method = "post";
    form.action = action;
    document.body.append(form);
    form.submit();
  }, `${sandbox.urls.page}/reset`);
  await page.getByText("foreign_origin").waitFor();
  expect(sandbox.control.users().map(({ email }) => email)).toContain("zoe@demo.example");
});
