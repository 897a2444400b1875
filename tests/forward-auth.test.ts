import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { AddedCaller } from "@evergrant/contract";
import { describe, expect, test } from "vitest";
import { eventually } from "./kit/eventually.ts";
import { findNginx, startNginx } from "./kit/nginx.ts";
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
    const example = readFileSync(join(import.meta.dirname, "../docs/examples/forward-auth/nginx.conf"), "utf8");
    const local = (folder: string) =>
      [
        ["/dev/shm/evergrant-forward-auth", join(folder, "cache")],
        ["127.0.0.1:8080", `127.0.0.1:${port}`],
        ["http://127.0.0.1:4180", world.url.replace("localhost", "127.0.0.1")],
        ["PROXY_CREDENTIALS", credentialsOf(proxy)],
        ["https://api.xero.com", world.sandbox.urls.api.replace("localhost", "127.0.0.1")],
        ["    proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;\n", ""],
        ["    proxy_ssl_verify on;\n", ""],
      ].reduce((text, [from = "", to = ""]) => {
        expect(text).toContain(from);
        return text.replaceAll(from, to);
      }, example);
    await using _nginx = await startNginx(nginx, local);
    const call = async (headers: Readonly<Record<string, string>> = {}) => {
      const answer = await fetch(`http://127.0.0.1:${port}/api.xro/2.0/Organisation`, {
        headers: { accept: "application/json", ...headers },
      });
      return { status: answer.status, text: await answer.text(), authorization: answer.headers.get("authorization") };
    };
    const first = await call();
    expect([first.status, first.authorization]).toEqual([200, null]);
    expect(first.text).toContain(DEMO_COMPANY);
    expect((await call({ "xero-tenant-id": world.organisationId(MAPLE) })).status).toBe(403);

    await world.admin.put(`/callers/${proxy.clientId}/permissions`, { permissions: [] });
    // What was kept goes on to be used, but not for longer than was said.
    expect((await call()).status).toBe(200);
    await eventually(async () => expect((await call()).status).toBe(403), 15_000);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
