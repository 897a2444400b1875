import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AddedCaller, AddedRecipient, NoticeDelivery, Recipient } from "@evergrant/contract";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aPerson, launchBrowser } from "./kit/browser.ts";
import { aCluster } from "./kit/cluster.ts";
import { eventually } from "./kit/eventually.ts";
import { MailCatcher } from "./kit/mail-catcher.ts";
import { startPostgres } from "./kit/postgres.ts";
import { SignedReceiver } from "./kit/signed-receiver.ts";
import { SMALL_DISKS } from "./kit/small-disk.ts";
import { aWorld, DEMO_COMPANY, type World } from "./kit/world.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
});

/** Somebody by mail, and a program of theirs, are told of everything. */
async function told(world: World, receiver: SignedReceiver, { mail = true } = {}): Promise<AddedRecipient> {
  if (mail) await world.admin.post("/notices/recipients", { channel: "email", address: "ops@deployment.example" });
  const added = await world.admin.post<AddedRecipient>("/notices/recipients", {
    channel: "webhook",
    address: receiver.url,
  });
  receiver.secrets.push(added.secret ?? "");
  return added;
}

async function deliveries(world: World): Promise<readonly NoticeDelivery[]> {
  return (await world.admin.get<{ deliveries: NoticeDelivery[] }>("/notices/deliveries")).deliveries;
}

const subjects = (catcher: MailCatcher): readonly string[] => catcher.mails.map(({ subject }) => subject);

describe("people are told in time, once, by mail and by signed webhook", () => {
  test("that a grant nears its lapse, that it is lost, and that it was healed by the link in the mail", async () => {
    await using catcher = await MailCatcher.start();
    await using receiver = await SignedReceiver.start();
    await using world = await aWorld({ mail: catcher.url });
    await world.connected();
    await told(world, receiver);
    await world.admin.post("/notices/recipients", {
      channel: "email",
      address: "jane@demo.example",
      connection: "acme",
    });

    // The provider turns everything away, and nobody was there for 31 days.
    await world.stop();
    await world.advance("31d");
    const fault = world.sandbox.control.placeFault({
      endpoint: "token",
      point: "before-commit",
      action: { kind: "status", status: 429 },
      times: null,
    });
    await world.start();
    await world.advance("2m");
    expect(receiver.names).toEqual(["lapse-coming"]);
    await world.stop();
    await world.advance("15d");
    await world.start();
    await world.advance("2m");
    expect(receiver.names).toEqual(["lapse-coming", "lapse-coming"]);
    await world.stop();
    await world.advance("15d");
    world.sandbox.control.removeFault(fault.id);
    await world.start();
    await world.advance("12m");
    expect(receiver.names).toEqual(["lapse-coming", "lapse-coming", "consent-needed"]);
    await world.advance("11m");
    const mine = catcher.mails.filter(({ to }) => to === "jane@demo.example");
    expect(mine.map(({ subject }) => subject)).toEqual([
      "acme will lapse unless it can be refreshed",
      "acme will lapse unless it can be refreshed",
      "acme needs consent",
    ]);
    expect(catcher.mails).toHaveLength(6);

    const [link] = mine.at(-1)?.links ?? [];
    expect(receiver.notices.at(-1)?.data).toMatchObject({ connections: ["acme"], link });
    await using jane = await aPerson(browser);
    await jane.page.goto(link ?? "");
    await jane.page.getByRole("button").first().click();
    await jane.page.getByLabel("Email address").fill("jane@demo.example");
    await jane.page.getByLabel("Password").fill("sandbox");
    await jane.page.getByRole("button", { name: "Log in" }).click();
    await jane.page.getByRole("heading", { name: /wants access/ }).waitFor();
    await jane.page.getByRole("button", { name: /^Continue with/ }).click();
    await jane.page.waitForURL(/\/consent\/result\//);
    expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
    await world.advance("21m");
    expect(receiver.names.slice(3)).toEqual(["recovered"]);
    expect(subjects(catcher).filter((subject) => subject === "acme works again")).toHaveLength(2);
    await world.advance("1d");
    expect([catcher.mails.length, receiver.notices.length, receiver.forged]).toEqual([8, 4, 0]);
  });

  test("a lapse that the first refresh averts is told to nobody", async () => {
    await using catcher = await MailCatcher.start();
    await using receiver = await SignedReceiver.start();
    await using world = await aWorld({ mail: catcher.url });
    await world.connected();
    await told(world, receiver);
    await world.stop();
    await world.advance("46d");
    await world.start();
    await world.advance("1h");
    expect((await world.story()).events.map(({ event }) => event)).toContain("lapse-warned");
    expect([catcher.mails.length, receiver.tries]).toEqual([0, 0]);
  });

  test("a broken app, a gone organisation and their ends, each once; what was not taken is tried again", async () => {
    await using receiver = await SignedReceiver.start();
    await using world = await aWorld();
    await world.connected();
    const { recipient } = await told(world, receiver, { mail: false });
    receiver.answer = 503;
    const secretRefused = world.sandbox.control.placeFault({
      endpoint: "token",
      point: "before-commit",
      times: null,
      action: { kind: "answer", status: 401, body: '{"error":"invalid_client"}', contentType: "application/json" },
    });
    await world.askToken("acme", { min_ttl: "1200" });
    await world.advance("40m");
    expect(receiver.tries).toBeGreaterThan(1);
    expect(await deliveries(world)).toMatchObject([
      { notice: "app-broken", status: "waiting", error: "it answered 503", address: receiver.url },
    ]);
    receiver.answer = 204;
    await world.advance("2h");
    expect(receiver.names).toEqual(["app-broken"]);
    world.sandbox.control.removeFault(secretRefused.id);
    await world.advance("10m");
    expect(receiver.names).toEqual(["app-broken", "recovered"]);

    // A further secret: posts are signed with both, so that receivers may change theirs when they like.
    const { secret } = await world.admin.post<{ secret: string }>(`/notices/recipients/${recipient.id}/secrets`);
    receiver.secrets.splice(0, 1, secret);
    for (const { id } of world.sandbox.control.connections()) world.sandbox.control.disconnect(id);
    await world.admin.post("/connections/acme/check");
    await world.advance("1m");
    expect(receiver.names.slice(2)).toEqual(["tenant-gone"]);
    expect(receiver.forged).toBe(0);

    const [first = "none"] = receiver.secrets;
    expect(written(world)).not.toContain(first.replace("whsec_", ""));

    // 410: it wants nothing more; what comes waits until an operator says otherwise.
    receiver.answer = 410;
    await world.admin.post("/notices/replay", { deliveries: [(await deliveries(world))[0]?.id] });
    await world.advance("1m");
    const { recipients } = await world.admin.get<{ recipients: Recipient[] }>("/notices/recipients");
    expect(recipients).toMatchObject([{ disabledAtMs: expect.any(Number) }]);
    receiver.answer = 204;
    await world.admin.post(`/notices/recipients/${recipient.id}/enable`);
    expect(await world.admin.post("/notices/replay", { deliveries: "dead" })).toEqual({ replayed: 1 });
    await world.advance("1m");
    expect(receiver.names.slice(2)).toEqual(["tenant-gone", "tenant-gone"]);
    expect(new Set(receiver.notices.slice(2).map(({ id }) => id)).size).toBe(1);
  });

  test("a bad hour is one mail that lists everything", async () => {
    await using catcher = await MailCatcher.start();
    await using receiver = await SignedReceiver.start();
    await using world = await aWorld({ mail: catcher.url });
    await world.connected();
    await told(world, receiver);
    for (const name of ["anna", "bert", "cleo", "dora"]) {
      const { email, organisation } = world.aPerson(name);
      await world.connection(name);
      await world.consents((await world.link(name)).url, email, organisation);
    }
    await world.stop();
    await world.advance("61d");
    await world.start();
    await world.advance("1h");
    expect(receiver.names.filter((name) => name === "consent-needed")).toHaveLength(5);
    expect(catcher.mails.length).toBeLessThanOrEqual(2);
    const all = catcher.mails.map(({ text }) => text).join();
    for (const name of ["acme", "anna", "bert", "cleo", "dora"]) expect(all).toContain(`${name} needs consent`);
    expect(catcher.mails.flatMap(({ links }) => links)).toHaveLength(5);
  });
});

describe("people are told in time what keeps calls from working", () => {
  const SCOPES = ["openid", "profile", "email", "offline_access", "accounting.settings"];

  test("a missing scope: of the API's word alone operators are asked, of what the app asks for a person by the link", async () => {
    await using catcher = await MailCatcher.start();
    await using receiver = await SignedReceiver.start();
    await using world = await aWorld({ mail: catcher.url });
    await world.start();
    const { url } = await world.setUp();
    await world.admin.put("/apps/xero-app/scopes", { scopes: SCOPES });
    await world.consents(url, "jane@demo.example", DEMO_COMPANY);
    await told(world, receiver);
    const contacts = await aReporter(world, "/api.xro/2.0/Contacts");
    expect(await contacts()).toBe(401);
    await world.advance("1m");
    expect(receiver.notices).toMatchObject([{ data: { notice: "scope-missing", connections: ["acme"], link: null } }]);
    expect((await catcher.mail(1)).text).toContain("evergrant apps scopes xero-app");
    await world.advance("2d");
    expect(await contacts()).toBe(401);
    await world.advance("1m");
    expect(receiver.names).toEqual(["scope-missing"]);

    await world.admin.put("/apps/xero-app/scopes", { scopes: [...SCOPES, "accounting.contacts"] });
    for (let hour = 0; hour < 3; hour += 1) {
      await world.token();
      await world.advance("1h");
    }
    const { url: link } = await world.admin.get<{ url: string }>("/connections/acme/reconsent-link");
    expect(receiver.notices.slice(1)).toMatchObject([{ data: { notice: "scope-missing", link } }]);
    const mail = await catcher.mail(2);
    expect(mail.text).toContain("Missing: accounting.contacts.");
    expect(mail.links).toEqual([link]);
    await world.consents(link, "jane@demo.example", DEMO_COMPANY);
    expect(await contacts()).toBe(200);
    await world.advance("1h");
    expect(receiver.names).toEqual(["scope-missing", "scope-missing", "recovered"]);
    expect([catcher.mails.length, receiver.forged]).toEqual([3, 0]);
  });

  test("a node whose disk is full, and that it can write again: to operators alone", async (context) => {
    const [disk] = SMALL_DISKS;
    if (disk === undefined || disk.lacks !== null) return context.skip(disk?.lacks ?? "no small disk");
    await using catcher = await MailCatcher.start();
    await using receiver = await SignedReceiver.start();
    await using world = await aWorld({ mail: catcher.url });
    const journal = join(world.folder, "journal");
    mkdirSync(journal, { mode: 0o700 });
    await world.start(undefined, disk.launcher(journal));
    await world.consents((await world.setUp()).url, "jane@demo.example", DEMO_COMPANY);
    await told(world, receiver);
    const jane = { channel: "email", address: "jane@demo.example", connection: "acme" };
    await world.admin.post("/notices/recipients", jane);
    disk.fill(world.node.pid, journal);
    // What is left of a last page may take one record more.
    for (let tries = 0; tries < 3 && (await readiness(world)).refreshing; tries += 1) {
      await world.token();
      await world.advance("21m");
    }
    expect(await readiness(world)).toMatchObject({ status: 200, serving: true, refreshing: false });
    await world.advance("1m");
    expect(receiver.names).toEqual(["node-degraded"]);
    expect(receiver.notices[0]?.data.title).toMatch(/^Node nd_[\w-]+ cannot refresh$/);
    expect((await catcher.mail(1)).text).toContain("the journal cannot be written");
    await world.advance("30m");
    expect((await world.askToken()).status).toBe(503);
    expect(await readiness(world)).toMatchObject({ status: 503, serving: false, refreshing: false });
    const metrics = await (await fetch(`${world.url}/metrics`)).text();
    expect(metrics).toMatch(/^evergrant_journal_appends_total\{outcome="failed"\} [1-9]/m);
    expect(metrics).toContain("evergrant_serving 0\n");

    disk.free(world.node.pid, journal);
    await world.advance("20m");
    await world.token();
    expect(await readiness(world)).toMatchObject({ status: 200, serving: true, refreshing: true });
    await world.advance("20m");
    expect(receiver.names).toEqual(["node-degraded", "recovered"]);
    expect(catcher.mails.map(({ to }) => to)).toEqual(["ops@deployment.example", "ops@deployment.example"]);
  });
});

describe("a mail server that wants TLS and a sign-in", () => {
  test.each(["tls", "starttls"] as const)(
    "%s: a wrong password keeps a notice waiting, the right one lets it out once",
    async (security) => {
      const signIn = { user: "evergrant@deployment.example", password: "canary-of-the-mail-server" };
      await using catcher = await MailCatcher.start({ security, signIn });
      await using world = await aWorld();
      const url = catcher.url.replace("//", `//${encodeURIComponent(signIn.user)}@`);
      world.mail = { url, password: "wrong", ca: catcher.ca };
      await world.connected();
      await world.admin.post("/notices/recipients", { channel: "email", address: "ops@deployment.example" });
      for (const { id } of world.sandbox.control.connections()) world.sandbox.control.disconnect(id);
      await world.admin.post("/connections/acme/check");
      await world.advance("1m");
      expect(await deliveries(world)).toMatchObject([{ notice: "tenant-gone", status: "waiting", error: "EAUTH 535" }]);
      await world.stop();
      world.mail = { url, password: signIn.password, ca: catcher.ca };
      await world.start();
      await world.advance("1d");
      expect(await deliveries(world)).toMatchObject([{ notice: "tenant-gone", status: "delivered", error: null }]);
      expect(catcher.mails).toMatchObject([{ to: "ops@deployment.example", over: { tls: true, user: signIn.user } }]);
      expect(written(world)).not.toContain(signIn.password);
    },
  );
});

/** Everything that a node wrote, and everything that it said. */
function written({ folder, node }: World): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return [node.output(), ...files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1"))].join();
}

async function readiness(world: World): Promise<{ status: number; serving: boolean; refreshing: boolean }> {
  const answer = await fetch(`${world.url}/readyz`);
  return { status: answer.status, ...((await answer.json()) as { serving: boolean; refreshing: boolean }) };
}

/** A server of somebody's that reads one path through the gateway; what it is answered. */
async function aReporter(world: World, path: string): Promise<() => Promise<number>> {
  const permissions = [{ connection: "acme", right: "gateway" }];
  const { clientId, clientSecret } = await world.admin.post<AddedCaller>("/callers", { name: "reporter", permissions });
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
  return async () => {
    const answer = await fetch(`${world.url}/gateway/acme${path}`, { headers: { authorization } });
    await answer.arrayBuffer();
    return answer.status;
  };
}

describe("two nodes over one Postgres", () => {
  test("tell each notice once", async () => {
    await using postgres = await startPostgres();
    await postgres.query("create database evergrant");
    await using receiver = await SignedReceiver.start();
    await using catcher = await MailCatcher.start();
    const limits = { noticeGatherMs: 300, mailSpacingMs: 500, massDeathWindowMs: 1_000 };
    await using cluster = await aCluster(postgres.url("evergrant"), 2, { limits, mail: catcher.url });
    const { world } = cluster;
    await told(world, receiver);
    const others = Array.from({ length: 6 }, () => SignedReceiver.start());
    await using stack = new AsyncDisposableStack();
    for (const other of await Promise.all(others)) {
      stack.use(other);
      await told(world, other, { mail: false });
    }
    const everybody = [receiver, ...(await Promise.all(others))];
    for (const { id } of world.sandbox.control.grants()) world.sandbox.control.revokeGrant(id);
    // Asked again until it is: a node may hear of a new permission a moment later.
    await eventually(async () => {
      await world.askToken("acme", { min_ttl: "3600" });
      expect(everybody.every(({ names }) => names.includes("consent-needed"))).toBe(true);
    }, 40_000);
    await eventually(async () => expect(catcher.mails).toHaveLength(1), 10_000);
    const { url } = await world.admin.get<{ url: string }>("/connections/acme/reconsent-link");
    await world.consents(url, "jane@demo.example", DEMO_COMPANY);
    await eventually(
      async () => expect(everybody.every(({ names }) => names.includes("recovered"))).toBe(true),
      20_000,
    );
    await eventually(async () => expect(catcher.mails).toHaveLength(2), 10_000);
    for (const { names } of everybody) expect(names).toEqual(["consent-needed", "recovered"]);
    expect(everybody.map(({ tries }) => tries)).toEqual(everybody.map(() => 2));
  });
});
