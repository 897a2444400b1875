import { POINTS, type Point } from "@evergrant/keeper";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Admin } from "./kit/admin.ts";
import { aCluster, type Cluster } from "./kit/cluster.ts";
import { eventually } from "./kit/eventually.ts";
import { recordOutcomes } from "./kit/figures.ts";
import type { NodeProcess } from "./kit/node-process.ts";
import { type PostgresServer, startPostgres } from "./kit/postgres.ts";
import { LIVES } from "./kit/scaled-policy.ts";

// Three nodes over one Postgres live through all of it, one crash after the other, while callers go on asking all of them. Many grants, so
// that one is due every second; enough grace that a slow machine is no outage.
const PEOPLE = Array.from({ length: 6 }, (_, index) => `person-${index}`);
const MACHINES = Array.from({ length: 3 }, (_, index) => `machine-${index}`);
const CONNECTIONS = [...PEOPLE, ...MACHINES];

recordOutcomes("kill-points");

let server: PostgresServer;
let cluster: Cluster;
let endLoad: () => Promise<void>;

beforeAll(async () => {
  server = await startPostgres();
  cluster = await aCluster(server.url(), 3, { policy: "steady" });
  const { world } = cluster;
  for (const name of PEOPLE) await consented(name);
  for (const name of MACHINES) await world.customConnection(name);
  await world.permit(CONNECTIONS);
  endLoad = underLoad();
});
afterAll(async () => {
  await endLoad?.();
  await cluster?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

describe("of three nodes one is killed inside a refresh, another inside a client-credentials request", () => {
  test.each(POINTS)("both at %s: the third takes over what they held", async (point) => {
    const [refreshing, requesting] = cluster.others;
    if (refreshing === undefined || requesting === undefined) throw new Error("there are three nodes");
    await Promise.all([
      refreshing.arm({ point, subject: "refresh" }),
      requesting.arm({ point, subject: "client-credentials" }),
    ]);
    expect(await Promise.all([died(refreshing), died(requesting)])).toEqual(["SIGKILL", "SIGKILL"]);
    const owed = await heldGrants();
    await eventually(async () => {
      const now = await generations();
      for (const [grant, generation] of owed) expect(now.get(grant)).toBeGreaterThan(generation);
    });
    await Promise.all([cluster.restart(refreshing), cluster.restart(requesting)]);
    for (const name of CONNECTIONS)
      await eventually(async () => expect((await cluster.ask(cluster.world.url, name)).status).toBe(200));
  });
});

describe("of three nodes the one with the public address is killed inside the exchange of an authorization code", () => {
  test.each(POINTS)("at %s: connected after the restart, or plainly not, and a new link works", async (point) => {
    const { world } = cluster;
    const name = `killed-at-${point}`;
    const { email, organisation } = world.aPerson(name);
    await world.connection(name);
    const { url } = await world.link(name);
    await world.node.arm({ point, subject: "code" });
    await Promise.race([world.node.ended, world.consents(url, email, organisation).catch(() => undefined)]);
    expect(await died(world.node)).toBe("SIGKILL");
    // What a neighbour says while the answer is in the journal of the dead one alone.
    const heard = isPast(point, "settled") ? "connected" : "awaiting-consent";
    await eventually(async () => expect(await statusAtNeighbour(name)).toBe(heard));
    await world.start();
    const isDurable = isPast(point, "journaled");
    await eventually(async () =>
      expect((await world.status(name)).status).toBe(isDurable ? "connected" : "awaiting-consent"),
    );
    if (!isDurable) await world.consents((await world.link(name)).url, email, organisation);
    await world.permit([...CONNECTIONS, name]);
    await eventually(async () => {
      const { status, body } = await cluster.ask(world.url, name);
      expect(status).toBe(200);
      expect(await world.organisation(body)).toEqual({ status: 200, name: organisation });
    });
  });
});

describe("after all of that", () => {
  test("every token opens its own organisation, and the ledger counts no lost grant", async () => {
    const { world } = cluster;
    await world.permit(CONNECTIONS);
    for (const name of PEOPLE)
      await eventually(async () => {
        const { body } = await cluster.ask(world.url, name);
        expect(await world.organisation(body)).toEqual({ status: 200, name: `Books of ${name}` });
      });
    await endLoad();
    await Promise.all([world.node, ...cluster.others].map((node) => node.stop()));
    await world.advance(`${LIVES.steady.graceSeconds + 1}s`);
    const liveGrants = 1 + PEOPLE.length + POINTS.length;
    expect(world.sandbox.control.verify()).toMatchObject({ liveGrants, lostGrants: [] });
  });
});

async function consented(name: string): Promise<void> {
  const { world } = cluster;
  const { email, organisation } = world.aPerson(name);
  await world.connection(name);
  await world.consents((await world.link(name)).url, email, organisation);
}

async function died(node: NodeProcess): Promise<number | string> {
  const late = new Promise<string>((resolve) => setTimeout(() => resolve("alive"), 40_000).unref());
  return await Promise.race([node.ended, late]);
}

/** Callers that ask every node for everything; the function ends them. */
function underLoad(): () => Promise<void> {
  let running = true;
  const asking = (async () => {
    while (running) {
      const asks = cluster.urls.flatMap((url) => CONNECTIONS.map((name) => cluster.ask(url, name)));
      await Promise.all(asks.map((ask) => ask.catch(() => undefined)));
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  })();
  return async () => {
    running = false;
    await asking;
  };
}

/** The grants that somebody holds a lease of, with their generations, as the database itself says. */
async function heldGrants(): Promise<ReadonlyMap<string, number>> {
  return await generations("where lease_until_ms > extract(epoch from clock_timestamp()) * 1000");
}

async function generations(where = ""): Promise<ReadonlyMap<string, number>> {
  const rows = await server.query(`select id, generation from "grant" ${where}`);
  return new Map(rows.map(({ id, generation }) => [String(id), Number(generation)]));
}

async function statusAtNeighbour(name: string): Promise<string> {
  const [neighbour] = cluster.others;
  const admin = new Admin(neighbour?.url ?? "", cluster.world.folder);
  return (await admin.get<{ status: string }>(`/connections/${name}`)).status;
}

function isPast(point: Point, mark: Point): boolean {
  return POINTS.indexOf(point) >= POINTS.indexOf(mark);
}
