import { afterEach, beforeEach, expect, it } from "vitest";
import { basic, startWorld, type World } from "../testing/world.ts";

let world: World;
beforeEach(async () => {
  world = await startWorld();
  world.keeper.plantCaller("edge", "s3cret", [{ connection: "acme", right: "forward" }]);
});
afterEach(() => world.close());

const ask = (path: string, init: RequestInit = {}) =>
  world.ask(path, { ...init, headers: { ...basic("edge", "s3cret"), ...init.headers } });

it("a proxy is told what to put into the call, and how long it may keep that", async () => {
  const answer = await ask("/forward-auth/acme");
  expect([answer.status, await answer.text()]).toEqual([200, ""]);
  const told = ["authorization", "ledgerly-tenant", "x-accel-expires", "cache-control"].map((name) =>
    answer.headers.get(name),
  );
  expect(told).toEqual(["Bearer token-1", "t-1", "9", "no-store"]);
});

it("the method and the path of the call itself may come along, as Envoy sends them, and its organisation", async () => {
  const answer = await ask("/forward-auth/acme/books/1?a=b", {
    method: "POST",
    body: "x",
    headers: { "ledgerly-tenant": "t-2" },
  });
  expect([answer.status, answer.headers.get("ledgerly-tenant")]).toEqual([200, "t-2"]);
});

it("refusals are 401 or 403, which proxies pass on, with our own code", async () => {
  world.keeper.plantCaller("reader", "s3cret", [
    { connection: "acme", right: "gateway" },
    { connection: "acme", right: "token" },
  ]);
  const codeOf = async (answer: Response) => [answer.status, await answer.json()];
  const nobody = await world.ask("/forward-auth/acme");
  expect(nobody.headers.get("www-authenticate")).toContain("Basic");
  expect(await codeOf(nobody)).toMatchObject([401, { status: 401, code: "caller_authentication_failed" }]);
  const other = await world.ask("/forward-auth/acme", { headers: basic("reader", "s3cret") });
  expect(await codeOf(other)).toMatchObject([403, { status: 403, code: "connection_not_available" }]);
  expect(await codeOf(await ask("/forward-auth/nowhere"))).toMatchObject([403, { code: "connection_not_available" }]);
  expect(await codeOf(await ask("/forward-auth/%61cme%2f"))).toMatchObject([403, { code: "connection_not_available" }]);
});

it("the token is in the answer alone, never in the log", async () => {
  await ask("/forward-auth/acme");
  expect(world.logLines.join("")).toContain("/forward-auth/:connection");
  expect(world.logLines.join("")).not.toMatch(/token-1|s3cret/);
});
