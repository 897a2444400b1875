import type { GrantId } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { type PostgresServer, startAsynchronousPair, startSynchronousPair } from "../../../../../tests/kit/postgres.ts";
import { realTime } from "../../real-time.ts";
import { app, change, grant, NOTHING } from "../../testing/contract/samples.ts";
import { NODE, SECOND_NODE } from "../../testing/contract/store-world.ts";
import { openPostgresStore, type PostgresStore } from "./postgres-store.ts";

const LIMITS = { connectMs: 1_000, statementMs: 1_000, answerMs: 1_500, idleInTransactionMs: 1_000, lookAgainMs: 200 };
const WRITERS = 8;
const LIMIT_MS = 60_000;
const idOf = (n: number) => `gr_${n}` as GrantId;

async function open(dsn: string, more: Partial<Parameters<typeof openPostgresStore>[0]> = {}): Promise<PostgresStore> {
  return openPostgresStore({ dsn, node: NODE, time: realTime(), limits: LIMITS, ...more });
}

async function furnishWriters(store: PostgresStore): Promise<void> {
  await store.apps.create(app(), NOTHING);
  for (let n = 0; n < WRITERS; n += 1)
    await store.grants.create(grant({ id: idOf(n), subject: `person-${n}` }), NOTHING);
}

/** Raises one grant's fence again and again; whoever is told that the database is away asks again. */
class Writer {
  readonly acknowledged: number[] = [];
  longestGapMs = 0;
  refusals = 0;
  readonly #store: PostgresStore;
  readonly #id: GrantId;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(store: PostgresStore, n: number) {
    this.#store = store;
    this.#id = idOf(n);
    this.#done = this.#write();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #write(): Promise<void> {
    for (let lastMs = performance.now(); !this.#stopped; ) {
      const fence = await this.#raise();
      if (fence === null) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        continue;
      }
      this.acknowledged.push(fence);
      this.longestGapMs = Math.max(this.longestGapMs, performance.now() - lastMs);
      lastMs = performance.now();
    }
  }

  async #raise(): Promise<number | null> {
    try {
      const raised = await this.#store.grants.change(this.#id, ({ lease }) => {
        const fence = lease.fence + 1;
        return { change: change({ lease: { ...lease, fence } }), result: fence };
      });
      return raised ?? null;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "store_unavailable")) throw error;
      this.refusals += 1;
      return null;
    }
  }
}

const writers = (store: PostgresStore): readonly Writer[] =>
  Array.from({ length: WRITERS }, (_, n) => new Writer(store, n));
const acknowledged = (all: readonly Writer[]): number => Math.min(...all.map((one) => one.acknowledged.length));

/** A fence that was acknowledged twice, or that went down, is a write that was lost. */
function expectNothingLost(all: readonly Writer[], kept: readonly number[]): void {
  for (const [n, writer] of all.entries()) {
    expect(writer.acknowledged).toEqual([...new Set(writer.acknowledged)].toSorted((a, b) => a - b));
    expect(kept[n]).toBeGreaterThanOrEqual(writer.acknowledged.at(-1) ?? 0);
  }
}

async function fencesOf(server: PostgresServer): Promise<readonly number[]> {
  const rows = await server.query('select fence::int as fence from "grant" order by id');
  return rows.map((row) => Number(row["fence"]));
}

describe("fail-over", () => {
  test("to a synchronous standby under load: followed by itself, nothing acknowledged is lost, the old primary stays alone", {
    timeout: LIMIT_MS,
  }, async () => {
    await using pair = await startSynchronousPair();
    const raised: number[] = [];
    const memory = { highest: 0, raise: async (timeline: number) => void raised.push(timeline) };
    const store = await open(pair.url(), { memory });
    await furnishWriters(store);
    const all = writers(store);
    await expect.poll(() => acknowledged(all), { timeout: 10_000 }).toBeGreaterThan(20);
    await pair.killPrimary();
    const before = acknowledged(all);
    await pair.promote();
    await expect.poll(() => acknowledged(all), { timeout: 20_000 }).toBeGreaterThan(before + 20);
    expect(raised).toEqual([1, 2]);

    await pair.revive();
    const left = await fencesOf(pair.first);
    const later = acknowledged(all);
    // Long enough that all hosts are asked several times.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await expect.poll(() => acknowledged(all), { timeout: 10_000 }).toBeGreaterThan(later + 20);
    for (const writer of all) await writer.stop();
    await store.close();
    expectNothingLost(all, await fencesOf(pair.second));
    expect(await fencesOf(pair.first)).toEqual(left);
    expect(Math.max(...all.map(({ longestGapMs }) => longestGapMs))).toBeLessThan(10_000);

    // A node that starts now finds the later primary; one that remembers it never takes the old one.
    const fresh = await open(pair.url(), { node: SECOND_NODE });
    await fresh.callers.epoch();
    await fresh.audit.write({ audit: [], notices: [] });
    expect((await fresh.grants.load(idOf(0)))?.lease.fence).toBe((await fencesOf(pair.second))[0]);
    await fresh.close();
    const old = open(pair.first.url(), { memory: { highest: 2, raise: async () => undefined } });
    await expect(old).rejects.toMatchObject({ code: "store_unopenable", detail: expect.stringMatching(/2 was seen/) });
  });

  test("while the old primary still answers: once the new one has been seen, nothing is written to the old", {
    timeout: LIMIT_MS,
  }, async () => {
    await using pair = await startAsynchronousPair();
    const store = await open(pair.url());
    await furnishWriters(store);
    await pair.caughtUp();
    const all = writers(store);
    await expect.poll(() => acknowledged(all), { timeout: 10_000 }).toBeGreaterThan(5);
    await pair.cutOff();
    await pair.promote();
    const onNew = async () => (await fencesOf(pair.second)).reduce((sum, fence) => sum + fence, 0);
    const start = await onNew();
    await expect.poll(onNew, { timeout: 10_000 }).toBeGreaterThan(start + 50);
    const left = await fencesOf(pair.first);
    const reached = await onNew();
    await expect.poll(onNew, { timeout: 10_000 }).toBeGreaterThan(reached + 200);
    for (const writer of all) await writer.stop();
    expect(await fencesOf(pair.first)).toEqual(left);
    await store.close();
  });

  test("a commit that hangs on a dead standby is told as unavailable in time, and is done once when it is back", {
    timeout: LIMIT_MS,
  }, async () => {
    await using pair = await startSynchronousPair();
    const store = await open(pair.url());
    await furnishWriters(store);
    await pair.second.kill();
    const writer = new Writer(store, 0);
    await expect.poll(() => writer.refusals, { timeout: 20_000 }).toBeGreaterThan(1);
    expect(writer.acknowledged).toEqual([]);
    expect((await store.grants.load(idOf(1)))?.id).toBe(idOf(1));
    await pair.second.start();
    await expect.poll(() => writer.acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(5);
    await writer.stop();
    expectNothingLost([writer], await fencesOf(pair.first));
    await store.close();
  });

  test("a standby alone is no place to start", { timeout: LIMIT_MS }, async () => {
    await using pair = await startAsynchronousPair();
    const refused = open(pair.second.url());
    await expect(refused).rejects.toMatchObject({ code: "store_unopenable", detail: expect.stringMatching(/standby/) });
  });
});
