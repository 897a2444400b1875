import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AddedCaller } from "@evergrant/contract";
import { describe, expect, test } from "vitest";
import { findCaddy, startCaddy } from "./kit/caddy.ts";
import { eventually } from "./kit/eventually.ts";
import { findNginx, startNginx } from "./kit/nginx.ts";
import { changed, freePort } from "./kit/proxy-process.ts";
import { aWorld, DEMO_COMPANY, MAPLE, type World } from "./kit/world.ts";

async function aProxy(world: World): Promise<AddedCaller> {
  const permissions = [{ connection: "acme", right: "forward" }];
  return await world.admin.post<AddedCaller>("/callers", { name: "edge", permissions });
}

const credentialsOf = ({ clientId, clientSecret }: AddedCaller) =>
  Buffer.from(`${clientId}:${clientSecret}`).toString("base64");

const askAs = async (world: World, proxy: AddedCaller, headers: Readonly<Record<string, string>> = {}) =>
  await fetch(`${world.url}/forward-auth/acme`, {
    headers: { authorization: `Basic ${credentialsOf(proxy)}`, ...headers },
  });

test("a proxy gets what it puts into a call, for as long as it may, and a revocation shows at once", async () => {
  await using world = await aWorld();
  await world.connected();
  const proxy = await aProxy(world);
  const answer = await askAs(world, proxy);
  const tenant = world.organisationId(DEMO_COMPANY);
  expect([answer.status, answer.headers.get("xero-tenant-id"), answer.headers.get("x-accel-expires")]).toEqual([
    200,
    tenant,
    "10",
  ]);
  const called = await fetch(`${world.sandbox.urls.api}/api.xro/2.0/Organisation`, {
    headers: {
      authorization: answer.headers.get("authorization") ?? "",
      "xero-tenant-id": tenant,
      accept: "application/json",
    },
  });
  expect(await called.json()).toMatchObject({ Organisations: [{ Name: DEMO_COMPANY }] });
  expect((await askAs(world, proxy, { "xero-tenant-id": world.organisationId(MAPLE) })).status).toBe(403);

  // Near its end the token is still good for a while, and the answer not for longer than half of that.
  await world.advance("29m");
  const late = await askAs(world, proxy);
  expect(Number(late.headers.get("x-accel-expires"))).toBeGreaterThan(0);
  await world.admin.post("/connections/acme/disable");
  expect(await (await askAs(world, proxy)).json()).toMatchObject({ status: 403, code: "connection_disabled" });
  await world.admin.post("/connections/acme/enable");
  await world.admin.put(`/callers/${proxy.clientId}/permissions`, {
    permissions: [{ connection: "acme", right: "gateway" }],
  });
  expect(await (await askAs(world, proxy)).json()).toMatchObject({ status: 403, code: "connection_not_available" });
});

const example = (file: string) =>
  readFileSync(join(import.meta.dirname, "../docs/examples/forward-auth", file), "utf8");

/** What every example has to be told: where it listens, Evergrant, its own credentials, and the sandbox in the API's place. */
const placesOf = (world: World, proxy: AddedCaller, port: number) =>
  [
    ["127.0.0.1:8080", `127.0.0.1:${port}`],
    ["127.0.0.1:4180", new URL(world.url.replace("localhost", "127.0.0.1")).host],
    ["PROXY_CREDENTIALS", credentialsOf(proxy)],
    ["https://api.xero.com", world.sandbox.urls.api.replace("localhost", "127.0.0.1")],
  ] as const;

const callerOf =
  (port: number) =>
  async (headers: Readonly<Record<string, string>> = {}, body?: string) => {
    const answer = await fetch(
      `http://127.0.0.1:${port}/api.xro/2.0/${body === undefined ? "Organisation" : "Contacts"}`,
      {
        method: body === undefined ? "GET" : "PUT",
        headers: { accept: "application/json", "content-type": "application/json", ...headers },
        ...(body === undefined ? {} : { body }),
      },
    );
    return { status: answer.status, text: await answer.text(), authorization: answer.headers.get("authorization") };
  };

/** Tokens put in, also beside what the call brings of its own; an organisation of others refused; a body passed through. */
async function passesCalls(world: World, call: ReturnType<typeof callerOf>): Promise<void> {
  const first = await call({ authorization: "Bearer of-the-callers-own", cookie: "a=b" });
  expect([first.status, first.authorization]).toEqual([200, null]);
  expect(first.text).toContain(DEMO_COMPANY);
  expect((await call({ "xero-tenant-id": world.organisationId(MAPLE) })).status).toBe(403);
  const made = await call({}, JSON.stringify({ Contacts: [{ Name: "By the proxy" }] }));
  expect([made.status, made.text.includes("By the proxy")]).toEqual([200, true]);
}

describe("nginx by our example", () => {
  const nginx = findNginx();

  test("calls with the token put in, passes a refusal on, and shows a revocation within the time to live", async ({
    skip,
  }) => {
    if (nginx === null) return skip("nginx is not on this machine");
    await using world = await aWorld();
    await world.connected();
    const proxy = await aProxy(world);
    const port = await freePort();
    const local = (folder: string) =>
      changed(example("nginx.conf"), [
        ["/dev/shm/evergrant-forward-auth", join(folder, "cache")],
        ...placesOf(world, proxy, port),
        ["    proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;\n", ""],
        ["    proxy_ssl_verify on;\n", ""],
      ]);
    await using _nginx = await startNginx(nginx, local);
    const call = callerOf(port);
    await passesCalls(world, call);
    await world.admin.put(`/callers/${proxy.clientId}/permissions`, { permissions: [] });
    // What was kept goes on to be used, but not for longer than was said.
    expect((await call()).status).toBe(200);
    await eventually(async () => expect((await call()).status).toBe(403), 15_000);
  });
});

describe("Caddy by our example", () => {
  const caddy = findCaddy();

  test("calls with the token put in, passes a refusal on, and shows a revocation at the next call", async ({
    skip,
  }) => {
    if (caddy === null) return skip("Caddy is not on this machine");
    await using world = await aWorld();
    await world.connected();
    const proxy = await aProxy(world);
    const port = await freePort();
    await using _caddy = await startCaddy(caddy, changed(example("Caddyfile"), placesOf(world, proxy, port)));
    const call = callerOf(port);
    await eventually(async () => expect((await call()).status).toBe(200), 10_000);
    await passesCalls(world, call);
    await world.admin.put(`/callers/${proxy.clientId}/permissions`, { permissions: [] });
    expect((await call()).status).toBe(403);
    await world.node.kill();
    // Evergrant away is no yes.
    expect((await call()).status).toBe(502);
  });
});
