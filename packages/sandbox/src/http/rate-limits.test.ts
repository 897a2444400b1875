import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createSandbox, DEMO_CLIENT_ID, type SandboxOptions, type Time } from "../index.ts";
import { type AccountingClient, type ApiAnswer, aClientOf } from "../testing/accounting-client.ts";

/** Real time stands still: what moves is the sandbox's clock alone. */
const still: Time = {
  wallMs: () => Date.UTC(2026, 5, 30, 12),
  monotonicMs: () => 0,
  setTimer: () => ({ cancel() {} }),
};

async function aSandbox(options: SandboxOptions = {}) {
  const sandbox = await createSandbox({ time: still, ...options });
  const client = await aClientOf(sandbox);
  const setLimits = (
    left: { readonly minute?: number; readonly day?: number; readonly appMinute?: number },
    client_ = client,
  ) => sandbox.control.setLimits({ clientId: DEMO_CLIENT_ID, organisationId: client_.tenantId, ...left });
  return { sandbox, client, setLimits, [Symbol.asyncDispose]: () => sandbox.close() };
}

const ask = (client: AccountingClient) => client.call("GET", "/Organisation");
const counters = ({ headers }: ApiAnswer) =>
  ["x-daylimit-remaining", "x-minlimit-remaining", "x-appminlimit-remaining"].map((name) => headers.get(name));
const refusal = ({ status, headers }: ApiAnswer) => [status, headers.get("x-rate-limit-problem")];

test("every answer says what is left of the day, the minute and the app's minute", async () => {
  await using world = await aSandbox();
  expect(counters(await ask(world.client))).toEqual(["4999", "59", "9999"]);
  expect(counters(await world.client.call("GET", "/Invoices/none"))).toEqual(["4998", "58", "9998"]);
  expect(counters(await world.client.call("PUT", "/Invoices", { body: {} }))).toEqual(["4997", "57", "9997"]);
  const connections = await fetch(`${world.sandbox.urls.api}/connections`, {
    headers: { authorization: `Bearer ${world.client.accessToken}` },
  });
  expect(connections.headers.get("x-minlimit-remaining")).toBeNull();
});

test("the 61st call of a minute is refused with the time until the next, and then they go on", async () => {
  await using world = await aSandbox();
  const { sandbox, client } = world;
  for (let call = 1; call <= 60; call += 1) expect((await ask(client)).status).toBe(200);
  const refused = await ask(client);
  expect([...refusal(refused), ...counters(refused), refused.text]).toEqual([
    429,
    "minute",
    "4940",
    "0",
    "9940",
    "Rate Limit Exceeded",
  ]);
  const seconds = Number(refused.headers.get("retry-after"));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(60);
  if (seconds > 1) {
    await sandbox.control.advance({ by: `${seconds - 1}s` });
    expect((await ask(client)).status).toBe(429);
  }
  await sandbox.control.advance({ by: "1s" });
  expect(counters(await ask(client)).slice(0, 2)).toEqual(["4939", "59"]);
});

test("a day's calls run out for one organisation and not for another", async () => {
  await using world = await aSandbox();
  const { sandbox, client, setLimits } = world;
  const other = await aClientOf(sandbox, { organisation: "Maple Florists (AU)" });
  expect(setLimits({ day: 1 })).toMatchObject({ day: 1, minute: 60 });
  expect((await ask(client)).status).toBe(200);
  const refused = await ask(client);
  expect(refusal(refused)).toEqual([429, "day"]);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(60);
  expect((await ask(other)).status).toBe(200);
  await sandbox.control.advance({ by: `${refused.headers.get("retry-after")}s` });
  const again = await aClientOf(sandbox);
  expect(counters(await ask(again))[0]).toBe("4999");
});

test("the app's minute is shared by all organisations", async () => {
  await using world = await aSandbox();
  const { sandbox, client, setLimits } = world;
  const other = await aClientOf(sandbox, { organisation: "Maple Florists (AU)" });
  setLimits({ appMinute: 1 });
  expect((await ask(client)).status).toBe(200);
  expect(refusal(await ask(other))).toEqual([429, "appminute"]);
  expect(sandbox.control.limits()).toMatchObject([{ clientId: DEMO_CLIENT_ID, day: 4999, minute: 59, appMinute: 0 }]);
});

test("the sixth call in progress is refused without a time to wait, and the others are answered", async () => {
  await using world = await aSandbox({ switches: { "api.latency_ms": 300 } });
  const { client } = world;
  const answers = await Promise.all(Array.from({ length: 6 }, () => ask(client)));
  const refused = answers.filter(({ status }) => status === 429);
  expect([answers.filter(({ status }) => status === 200).length, refused.length]).toEqual([5, 1]);
  expect(refused.map((answer) => [...refusal(answer), answer.headers.get("retry-after")])).toEqual([
    [429, "concurrent", null],
  ]);
  expect((await ask(client)).status).toBe(200);
});

test("an app of the Starter tier has a smaller day than one that pays", async () => {
  await using world = await aSandbox();
  world.sandbox.control.changeApp(DEMO_CLIENT_ID, { tier: "starter" });
  expect(counters(await ask(world.client))).toEqual(["999", "59", "9999"]);
  world.sandbox.control.changeApp(DEMO_CLIENT_ID, { tier: "core" });
  expect(counters(await ask(world.client))).toEqual(["4998", "58", "9998"]);
});

test("a switch decides about limits before the tier does; the body of a 429 may be empty", async () => {
  await using world = await aSandbox({
    switches: { "limits.tier": "starter", "limits.minute": 2, "api.429_body": "empty" },
  });
  expect(counters(await ask(world.client))).toEqual(["999", "1", "9999"]);
  await ask(world.client);
  expect((await ask(world.client)).text).toBe("");
  world.sandbox.control.setSwitches({ "limits.day": 3 });
  expect(world.setLimits({ minute: 2 })).toMatchObject({ day: 1, minute: 2 });
});

test("what was refused for its token, its scope or its organisation is not counted", async () => {
  await using world = await aSandbox();
  const { client } = world;
  await client.call("GET", "/Organisation", { headers: { authorization: "Bearer nonsense" } });
  await client.call("GET", "/Organisation", { headers: { "xero-tenant-id": "fe79f7dd-0000-4000-8000-000000000000" } });
  expect(counters(await ask(client))).toEqual(["4999", "59", "9999"]);
});

test("a drained counter stays drained when the sandbox starts again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sandbox-limits-"));
  try {
    const file = join(folder, "sandbox.db");
    await (async () => {
      await using world = await aSandbox({ file });
      world.setLimits({ day: 0 });
      await world.client.call("PUT", "/Contacts", { body: { Name: "Ann" } });
    })();
    await using world = await aSandbox({ file });
    expect(refusal(await ask(world.client))).toEqual([429, "day"]);
    world.setLimits({ day: 10 });
    await world.client.call("PUT", "/Contacts", { body: { Name: "Ann" } });
    const found = await world.client.call("GET", `/Contacts?where=Name=="Ann"`);
    expect(found.json.Contacts).toHaveLength(1);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("limits are read and set over HTTP too", async () => {
  await using world = await aSandbox();
  const url = `${world.sandbox.urls.control}/limits`;
  const meter = { clientId: DEMO_CLIENT_ID, organisationId: world.client.tenantId };
  const set = await fetch(url, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...meter, minute: 0 }),
  });
  const drained = { ...meter, day: 5000, minute: 0, appMinute: 10_000 };
  expect([await set.json(), await (await fetch(url)).json()]).toEqual([drained, [drained]]);
  expect(refusal(await ask(world.client))).toEqual([429, "minute"]);
});

test.each([
  ["an unknown app", { clientId: "nobody", minute: 1 }, "not_found"],
  ["an unknown organisation", { organisationId: "nowhere", minute: 1 }, "not_found"],
  ["less than nothing", { minute: -1 }, "bad_request"],
])("limits cannot be set for %s", async (_what, wrong, code) => {
  await using sandbox = await createSandbox();
  const organisationId = sandbox.control.organisations()[0]?.id ?? "";
  expect(() => sandbox.control.setLimits({ clientId: DEMO_CLIENT_ID, organisationId, ...wrong })).toThrow(
    expect.objectContaining({ code }),
  );
});
