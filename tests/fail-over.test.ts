import { afterEach, describe, expect, test } from "vitest";
import { aCluster, type Cluster } from "./kit/cluster.ts";
import { eventually } from "./kit/eventually.ts";
import { recordFigure } from "./kit/figures.ts";
import { type PostgresPair, type PostgresServer, startAsynchronousPair, startSynchronousPair } from "./kit/postgres.ts";
import { DEMO_COMPANY } from "./kit/world.ts";

let pair: PostgresPair | undefined;

afterEach(async () => {
  await pair?.[Symbol.asyncDispose]();
  pair = undefined;
});

describe("two Postgres servers, and the primary is lost", () => {
  test("a synchronous standby takes over under load: nothing is lost, no wrong token is served, the old primary is left alone", async () => {
    pair = await startSynchronousPair();
    await using cluster = await aCluster(pair.url(), 2);
    const load = underLoad(cluster);
    await pause(4_000);
    await pair.killPrimary();
    await pause(500);
    await pair.promote();
    await pause(12_000);
    await pair.revive();
    const left = await writtenTo(pair.first);
    const taken = await writtenTo(pair.second);
    await pause(8_000);
    // It says that it is a primary, and takes writes; nobody brings any.
    expect(await writtenTo(pair.first)).toEqual(left);
    expect((await writtenTo(pair.second)).generations).toBeGreaterThan(taken.generations);
    const { served, refused, longestGapMs } = await load();
    recordFigure("fail-over", { pair: "synchronous", served, refused, longestGapMs, lost: lostGrants(cluster) });
    console.log(`served ${served}, refused ${refused}, longest time without a token ${longestGapMs} ms`);
    expect(served).toBeGreaterThan(100);
    for (const url of cluster.urls) await eventually(async () => expect((await cluster.ask(url)).status).toBe(200));
    const token = (await cluster.ask(cluster.world.url)).body;
    expect(await cluster.world.organisation(token)).toEqual({ status: 200, name: DEMO_COMPANY });
    expect(cluster.world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
  });

  test("an asynchronous standby lost the last rotations: the journals of the nodes heal it", async () => {
    pair = await startAsynchronousPair();
    await using cluster = await aCluster(pair.url(), 1);
    await pair.caughtUp();
    await pair.cutOff();
    const first = (await cluster.ask(cluster.world.url)).body.access_token;
    await eventually(async () => expect((await cluster.ask(cluster.world.url)).body.access_token).not.toBe(first));
    await pair.killPrimary();
    await pair.promote();
    await pause(12_000);
    await eventually(async () => expect((await cluster.ask(cluster.world.url)).status).toBe(200));
    const token = (await cluster.ask(cluster.world.url)).body;
    expect(await cluster.world.organisation(token)).toEqual({ status: 200, name: DEMO_COMPANY });
    const { status } = await cluster.world.status();
    recordFigure("fail-over", { pair: "asynchronous", connected: status === "connected", lost: lostGrants(cluster) });
    expect(status).toBe("connected");
    expect(cluster.world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
  });
});

/** What a server has of the nodes' work. */
async function writtenTo(server: PostgresServer): Promise<{ records: number; generations: number; fences: number }> {
  const sums = `select (select count(*) from audit_record)::int as records,
    (select sum(generation) from "grant")::int as generations, (select sum(fence) from "grant")::int as fences`;
  const [row] = await server.query(sums);
  const number = (name: string) => Number(row?.[name]);
  return { records: number("records"), generations: number("generations"), fences: number("fences") };
}

function lostGrants(cluster: Cluster): number {
  return cluster.world.sandbox.control.verify().lostGrants.length;
}

/** Callers that ask every node all the time; the function that ends them tells what they saw. */
function underLoad(cluster: Cluster): () => Promise<{ served: number; refused: number; longestGapMs: number }> {
  let running = true;
  let served = 0;
  let refused = 0;
  let longestGapMs = 0;
  const callers = cluster.urls.map(async (url) => {
    let lastMs = Date.now();
    while (running) {
      const answer = await cluster.ask(url).catch(() => ({ status: 0, body: {} }));
      if (answer.status === 200) {
        served += 1;
        longestGapMs = Math.max(longestGapMs, Date.now() - lastMs);
        lastMs = Date.now();
      } else refused += 1;
      await pause(50);
    }
  });
  return async () => {
    running = false;
    await Promise.all(callers);
    return { served, refused, longestGapMs };
  };
}

// Real time: the servers' clocks cannot be moved.
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
