import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withEvergrant } from "@evergrant/client/xero-node";
import { type AppId, Secret } from "@evergrant/core";
import { type KeeperOptions, type KeeperUnable, type OpenKeeper, openKeeper } from "@evergrant/keeper";
import { createSandbox, type Sandbox } from "@evergrant/sandbox";
import { afterEach, beforeEach, expect, test } from "vitest";
import { XeroClient } from "xero-node";
import { eventually } from "./kit/eventually.ts";
import { FormBrowser } from "./kit/form-browser.ts";
import { MovableTime } from "./kit/movable-time.ts";

const DEMO_COMPANY = "Demo Company (NZ)";
let folder: string;
let time: MovableTime;
let sandbox: Sandbox;
let kept: OpenKeeper;
const unable: KeeperUnable[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "evergrant-library-"));
  time = new MovableTime();
  sandbox = await createSandbox({ seed: 5, time });
  kept = await openKeeper(options());
});
afterEach(async () => {
  await kept.close();
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
  unable.length = 0;
});

const options = (publicUrl = "http://localhost:1"): KeeperOptions => ({
  ...{ folder, publicUrl, time, journalMayVanish: true },
  onUnable: (event) => unable.push(event),
});

const organisation = async () => {
  const url = `${sandbox.urls.api}/api.xro/2.0/Organisation`;
  const answer = await kept.fetch(url, { connection: "acme", headers: { accept: "application/json" } });
  const body = (await answer.json()) as { Organisations: { Name: string }[] };
  return [answer.status, body.Organisations[0]?.Name];
};

/** A Custom Connection at the sandbox and here, as `acme`. */
async function aCustomConnection(): Promise<void> {
  const { control, urls } = sandbox;
  const { identity, login, api } = urls;
  const jane = control.users().find(({ email }) => email === "jane@demo.example");
  const demo = control.organisations().find(({ name }) => name === DEMO_COMPANY);
  const custom = { name: "Machine", userId: jane?.id ?? "", scopes: ["accounting.settings"] };
  const { clientId, clientSecret } = control.createCustomConnection(custom);
  control.authoriseCustomConnection(clientId, { organisationId: demo?.id ?? "" });
  await kept.keeper.apps.add({
    ...{ name: "machine", provider: "xero-custom-connection", clientId, clientSecret: new Secret(clientSecret ?? "") },
    ...{ scopes: null, origins: { identity, login, api }, by: "test" },
  });
  await kept.keeper.connections.create({ name: "acme", app: "machine", expectedTenant: null, by: "test" });
}

test("a keeper in one's own process gives tokens, calls the API, and goes on after a restart", async () => {
  await aCustomConnection();
  const first = await kept.accessToken({ connection: "acme" });
  expect(first.expiresInMs).toBeGreaterThan(20 * 60_000);
  expect(await organisation()).toEqual([200, DEMO_COMPANY]);
  await kept.close();
  kept = await openKeeper(options());
  const again = await kept.accessToken({ connection: "acme" });
  expect(again.accessToken.reveal()).toBe(first.accessToken.reveal());
  expect(JSON.stringify(again)).not.toContain(again.accessToken.reveal());
  expect(statSync(join(folder, "operator-key")).mode & 0o777).toBe(0o600);
  expect(
    await kept.keeper.operators.byKey(new Secret(readFileSync(join(folder, "operator-key"), "utf8").trim())),
  ).toMatchObject({ name: "operator", role: "admin" });
});

test("a clock that was set back while it was closed: no token of unknown age is handed out, whatever is remembered of the clock", async () => {
  await aCustomConnection();
  const mark = join(folder, "journal", "clock");
  const given = [(await kept.accessToken({ connection: "acme" })).accessToken.reveal()];
  expect(existsSync(mark)).toBe(false);
  const twoHoursBehind = { ...options(), time: behind(time, 2 * 3_600_000) };
  for (const before of [() => undefined, () => writeFileSync(mark, "of a disk that broke")]) {
    await kept.close();
    before();
    const reported: string[] = [];
    kept = await openKeeper({ ...twoHoursBehind, report: ({ what }) => reported.push(what) });
    given.push((await kept.accessToken({ connection: "acme" })).accessToken.reveal());
    expect(await organisation()).toEqual([200, DEMO_COMPANY]);
    expect(reported).toContain("clock");
    expect(JSON.parse(readFileSync(mark, "utf8"))).toMatchObject({ format: "evergrant-clock/1" });
  }
  expect(new Set(given).size).toBe(3);
});

function behind(machine: MovableTime, byMs: number): KeeperOptions["time"] & object {
  return {
    wallMs: () => machine.wallMs() - byMs,
    monotonicMs: () => machine.monotonicMs(),
    setTimer: (delayMs, fire) => machine.setTimer(delayMs, fire),
  };
}

test("it sends a token to the provider's API alone, and says whom it does not know", async () => {
  await aCustomConnection();
  const codeOf = (error: unknown) => (error as { code?: string }).code;
  const { host } = new URL(sandbox.urls.api);
  for (const url of ["https://elsewhere.example/", `https://${host}/`, "nonsense"])
    expect(await kept.fetch(url, { connection: "acme" }).catch(codeOf)).toBe("input_invalid");
  expect(await kept.accessToken().catch(codeOf)).toBe("connection_not_named");
  expect(await kept.accessToken({ connection: "nowhere" }).catch(codeOf)).toBe("connection_not_available");
  const gone = AbortSignal.abort(new Error("no more"));
  await expect(kept.accessToken({ connection: "acme", signal: gone })).rejects.toThrow("no more");
});

test("it serves xero-node as a client of a remote Evergrant does", async () => {
  await aCustomConnection();
  const xero = withEvergrant(kept, new XeroClient(), { connection: "acme" });
  xero.accountingApi.basePath = `${sandbox.urls.api}/api.xro/2.0`;
  const { body } = await xero.accountingApi.getOrganisations("");
  expect(body.organisations?.[0]?.name).toBe(DEMO_COMPANY);
});

test("a person consents by routes of one's own; before that, who asks hears once that consent is needed", async () => {
  await kept.close();
  const browser = new Secret("a-browser-of-the-test-that-nobody-else-has");
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const app = url.pathname.split("/").at(-1) as AppId;
    const consent = await kept.keeper.consents.receive({ app, params: url.searchParams, browser });
    const result = await kept.keeper.consents.result(consent, browser);
    response.setHeader("content-type", "text/html").end(`<p>${result.kind}</p>`);
  });
  await new Promise<void>((ready) => server.listen(0, "localhost", ready));
  try {
    kept = await openKeeper(options(`http://localhost:${(server.address() as AddressInfo).port}`));
    const { identity, login, api } = sandbox.urls;
    const client = sandbox.control.createApp({ kind: "web", name: "Own", redirectUris: ["http://localhost/unused"] });
    const app = await kept.keeper.apps.add({
      ...{ name: "own", provider: "xero", clientId: client.clientId, scopes: null, by: "test" },
      ...{ clientSecret: new Secret(client.clientSecret ?? ""), origins: { identity, login, api } },
    });
    sandbox.control.changeApp(client.clientId, { redirectUris: [app.redirectUri] });
    await kept.keeper.connections.create({ name: "acme", app: "own", expectedTenant: null, by: "test" });
    for (let times = 0; times < 2; times += 1)
      await expect(kept.accessToken({ connection: "acme" })).rejects.toMatchObject({ code: "consent_required" });
    expect(unable.map(({ connection, error }) => [connection, error.code])).toEqual([["acme", "consent_required"]]);
    const link = await kept.keeper.consents.createLink({ connection: "acme", accept: "any-tenant", by: "test" });
    const secret = new Secret(link.url.split("/").at(-1) ?? "");
    const { authorizeUrl } = await kept.keeper.consents.begin(secret, browser);
    const person = new FormBrowser();
    const loginPage = await person.open(authorizeUrl);
    const choose = await person.press(loginPage, "Log in", { email: "jane@demo.example", password: "sandbox" });
    const { name, value } = choose.choice(DEMO_COMPANY);
    const landed = await person.press(choose, "Allow access", { [name]: value });
    expect(landed.text()).toContain("accepted");
    expect(await organisation()).toEqual([200, DEMO_COMPANY]);
    const refreshes = () =>
      sandbox.control.requests().filter(({ grantType, committed }) => grantType === "refresh_token" && committed)
        .length;
    const before = refreshes();
    await time.advance(21 * 60_000);
    // The schedule runs on the moved clock, and what it waits for between its steps in real time.
    await eventually(async () => {
      await time.advance(5_000);
      expect(refreshes()).toBeGreaterThan(before);
    });
    expect(await organisation()).toEqual([200, DEMO_COMPANY]);
    expect(sandbox.control.verify().lostGrants).toEqual([]);
  } finally {
    server.close();
  }
});
