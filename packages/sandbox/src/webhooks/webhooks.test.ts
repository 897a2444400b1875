import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Answering, properly, WebhookReceiver } from "../../../../tests/kit/webhook-receiver.ts";
import { createSandbox, DEMO_CLIENT_ID, type Sandbox, type SandboxOptions } from "../index.ts";
import { aPerson } from "../testing/person.ts";

const demo = "Demo Company (NZ)";
const folder = mkdtempSync(join(tmpdir(), "sandbox-webhooks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The demo app, connected to the demo company, with a webhook at a receiver that answers as Xero asks for. */
async function aWorld(options: SandboxOptions = {}) {
  const receiver = await WebhookReceiver.start();
  const sandbox = await createSandbox(options);
  await aPerson("jane@demo.example").connects(sandbox, {
    organisation: demo,
    scope: "accounting.contacts offline_access",
  });
  const { control } = sandbox;
  receiver.key = control.setWebhook(DEMO_CLIENT_ID, { url: receiver.url, categories: ["CONTACT", "INVOICE"] }).key;
  const proves = async (answering: Answering = properly) => {
    receiver.answering = answering;
    control.sendIntentToReceive(DEMO_CLIENT_ID);
    await settled(sandbox);
    return control.webhooks()[0]?.state;
  };
  const emits = (resourceId: string, category: "CONTACT" | "INVOICE" | "CREDITNOTE" = "CONTACT") =>
    control.emitEvent({ organisationId: organisation(sandbox, demo), category, type: "UPDATE", resourceId });
  const close = async () => {
    await sandbox.close();
    await receiver[Symbol.asyncDispose]();
  };
  return { sandbox, control, receiver, proves, emits, [Symbol.asyncDispose]: close };
}

const organisation = (sandbox: Sandbox, name: string): string =>
  sandbox.control.organisations().find((each) => each.name === name)?.id ?? "";

/** Everything that is due has been sent. */
const settled = (sandbox: Sandbox) => sandbox.control.advance({ by: "1s" });

const deliveries = (sandbox: Sandbox) =>
  sandbox.control.requests().filter(({ endpoint, outcome }) => endpoint === "webhook" && outcome.startsWith("events"));

test("the intent to receive: four posts, two of them wrongly signed, and no events until they are answered rightly", async () => {
  await using world = await aWorld();
  expect(world.emits("c1")).toEqual({ apps: 0 });
  expect(await world.proves()).toBe("active");
  const { posts } = world.receiver;
  expect(posts.map(({ rightlySigned }) => rightlySigned).toSorted()).toEqual([false, false, true, true]);
  for (const { body } of posts)
    expect(JSON.parse(body)).toEqual({
      events: [],
      lastEventSequence: 0,
      firstEventSequence: 0,
      entropy: expect.stringMatching(/^[\w-]{43}$/),
    });
  expect(new Set(posts.map(({ body }) => body)).size).toBe(4);
});

test.each<[string, Answering]>([
  ["says yes to everybody", () => ({ status: 200 })],
  ["says no to everybody", () => ({ status: 401 })],
  ["refuses with another status", ({ rightlySigned }) => ({ status: rightlySigned ? 200 : 403 })],
  ["answers 204", ({ rightlySigned }) => ({ status: rightlySigned ? 204 : 401 })],
  ["sends a body", ({ rightlySigned }) => ({ status: rightlySigned ? 200 : 401, body: "ok" })],
  ["sets a cookie", ({ rightlySigned }) => ({ status: rightlySigned ? 200 : 401, cookie: "a=b" })],
  ["leads elsewhere", () => ({ status: 302 })],
])("an address that %s does not pass", async (_title, answering) => {
  await using world = await aWorld();
  expect(await world.proves(answering)).toBe("intent-required");
  expect(world.emits("c1")).toEqual({ apps: 0 });
  expect(await world.proves()).toBe("active");
});

test("an event reaches the connected app that asked for its kind, as Xero words it and rightly signed", async () => {
  await using world = await aWorld();
  await world.proves();
  expect([world.emits("c1"), world.emits("n1", "CREDITNOTE"), world.emits("i1", "INVOICE")]).toEqual([
    { apps: 1 },
    { apps: 0 },
    { apps: 1 },
  ]);
  await settled(world.sandbox);
  expect(world.receiver.events()).toEqual([
    {
      resourceUrl: `${world.sandbox.urls.api}/api.xro/2.0/Contacts/c1`,
      resourceId: "c1",
      tenantId: organisation(world.sandbox, demo),
      tenantType: "ORGANISATION",
      eventCategory: "CONTACT",
      eventType: "UPDATE",
      eventDateUtc: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/),
    },
    expect.objectContaining({ resourceId: "i1", eventCategory: "INVOICE" }),
  ]);
  expect(world.control.webhooks()[0]).toMatchObject({ waiting: 0, failures: 0, nextAttemptAtMs: null });
});

test("an organisation that the app is not connected to is not told of", async () => {
  await using world = await aWorld();
  await world.proves();
  const maple = organisation(world.sandbox, "Maple Florists (AU)");
  const event = { category: "CONTACT", type: "CREATE", resourceId: "c1" } as const;
  expect(world.control.emitEvent({ ...event, organisationId: maple })).toEqual({ apps: 0 });
  const [connection] = world.control.connections();
  world.control.disconnect(connection?.id ?? "");
  expect(world.emits("c2")).toEqual({ apps: 0 });
});

test("a failed delivery is repeated later and later on the sandbox's clock, in order, and nothing is lost", async () => {
  await using world = await aWorld();
  await world.proves();
  world.receiver.answering = () => ({ status: 500 });
  world.emits("c1");
  await settled(world.sandbox);
  world.emits("c2");
  await world.control.advance({ by: "40m" });
  const seen = deliveries(world.sandbox);
  const gaps = seen.slice(1).map(({ atMs }, index) => Math.round((atMs - (seen[index]?.atMs ?? 0)) / 60_000));
  expect(gaps).toEqual([1, 2, 4, 8, 16]);
  expect(world.control.webhooks()[0]).toMatchObject({ state: "active", failures: 6, waiting: 2 });
  world.receiver.posts.length = 0;
  world.receiver.answering = properly;
  await world.control.advance({ by: "1h" });
  expect(world.receiver.events().map(({ resourceId }) => resourceId)).toEqual(["c1", "c2"]);
  expect(world.control.webhooks()[0]).toMatchObject({ failures: 0, waiting: 0 });
});

test("after 24 hours of failures the webhook is disabled, until it has shown again that it checks signatures", async () => {
  await using world = await aWorld();
  await world.proves();
  world.receiver.answering = () => ({ status: 401 });
  world.emits("c1");
  await world.control.advance({ by: "23h" });
  expect(world.control.webhooks()[0]?.state).toBe("active");
  await world.control.advance({ by: "2h" });
  expect(world.control.webhooks()[0]).toMatchObject({ state: "disabled", waiting: 0 });
  expect(world.emits("c2")).toEqual({ apps: 0 });
  const first = deliveries(world.sandbox)[0]?.atMs ?? 0;
  expect(((deliveries(world.sandbox).at(-1)?.atMs ?? 0) - first) / 3_600_000).toBeCloseTo(24, 1);
  expect(await world.proves()).toBe("active");
  world.emits("c3");
  await settled(world.sandbox);
  expect(world.receiver.events().at(-1)?.resourceId).toBe("c3");
});

test("an address where nobody listens fails like any other", async () => {
  await using world = await aWorld();
  await world.proves();
  await world.receiver[Symbol.asyncDispose]();
  world.emits("c1");
  await settled(world.sandbox);
  expect(deliveries(world.sandbox)).toMatchObject([{ status: null, outcome: "events:no-answer" }]);
  expect(world.control.webhooks()[0]).toMatchObject({ state: "active", failures: 1, waiting: 1 });
  world.control.clearRequests();
  expect(await world.proves()).toBe("intent-required");
  expect(world.control.requests()).toMatchObject([
    { endpoint: "webhook", outcome: expect.stringMatching(/:no-answer$/) },
  ]);
});

test("what waited when the sandbox stopped is delivered after the next start", async () => {
  const file = join(folder, "sandbox.db");
  await using receiver = await WebhookReceiver.start();
  {
    await using sandbox = await createSandbox({ file });
    await aPerson("jane@demo.example").connects(sandbox, { organisation: demo, scope: "accounting.contacts" });
    const webhook = sandbox.control.setWebhook(DEMO_CLIENT_ID, { url: receiver.url, categories: ["CONTACT"] });
    receiver.key = webhook.key;
    sandbox.control.sendIntentToReceive(DEMO_CLIENT_ID);
    await settled(sandbox);
    receiver.answering = () => ({ status: 503 });
    sandbox.control.emitEvent({
      organisationId: organisation(sandbox, demo),
      category: "CONTACT",
      type: "CREATE",
      resourceId: "c1",
    });
    await settled(sandbox);
  }
  receiver.answering = properly;
  receiver.posts.length = 0;
  await using again = await createSandbox({ file });
  expect(again.control.webhooks()[0]).toMatchObject({ key: receiver.key, failures: 1, waiting: 1 });
  await again.control.advance({ by: "2m" });
  expect(receiver.events().map(({ resourceId }) => resourceId)).toEqual(["c1"]);
});

test("a Custom Connection hears of its own organisation while it is active", async () => {
  await using sandbox = await createSandbox();
  await using receiver = await WebhookReceiver.start();
  const organisationId = organisation(sandbox, demo);
  const { clientId } = sandbox.control.createCustomConnection({
    name: "Nightly",
    email: "jane@demo.example",
    scopes: ["accounting.contacts"],
  });
  receiver.key = sandbox.control.setWebhook(clientId, { url: receiver.url, categories: ["CONTACT"] }).key;
  sandbox.control.sendIntentToReceive(clientId);
  await settled(sandbox);
  const emits = () =>
    sandbox.control.emitEvent({ organisationId, category: "CONTACT", type: "UPDATE", resourceId: "c1" }).apps;
  expect(emits()).toBe(0);
  sandbox.control.authoriseCustomConnection(clientId, { organisationId });
  expect(emits()).toBe(1);
  sandbox.control.deactivateCustomConnection(clientId);
  expect(emits()).toBe(0);
});

test.each([
  "https://example.com/hook",
  "http://192.168.0.1/hook",
  "http://localhost.example/hook",
  "http://user@localhost/hook",
  "http://127.0.0.1.nip.io/hook",
  "ftp://localhost/hook",
  "hook",
])("%s is not on this machine and is refused", async (url) => {
  await using sandbox = await createSandbox();
  expect(() => sandbox.control.setWebhook(DEMO_CLIENT_ID, { url, categories: ["CONTACT"] })).toThrow(
    expect.objectContaining({ code: "webhook_url_refused" }),
  );
});

test("a moved webhook has to prove itself again, and then gets what waited", async () => {
  await using world = await aWorld();
  await world.proves();
  world.receiver.answering = () => ({ status: 500 });
  world.emits("c1");
  await settled(world.sandbox);
  await using other = await WebhookReceiver.start();
  const moved = world.control.setWebhook(DEMO_CLIENT_ID, { url: other.url, categories: ["CONTACT"] });
  other.key = moved.key;
  expect(moved).toMatchObject({ state: "intent-required", nextAttemptAtMs: null, key: world.receiver.key });
  world.control.sendIntentToReceive(DEMO_CLIENT_ID);
  await settled(world.sandbox);
  expect(other.events().map(({ resourceId }) => resourceId)).toEqual(["c1"]);
  world.control.removeWebhook(DEMO_CLIENT_ID);
  expect(world.control.webhooks()).toEqual([]);
});
