import { chainOf } from "@evergrant/core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Cut, TcpProxy } from "../../../../../tests/kit/postgres/tcp-proxy.ts";
import { type PostgresServer, startPostgres } from "../../../../../tests/kit/postgres.ts";
import type { GrantDecision, StoredGrant } from "../../ports/grant-store.ts";
import { realTime } from "../../real-time.ts";
import { change, furnish, GRANT, live, NOTHING, records, token } from "../../testing/contract/samples.ts";
import { NODE } from "../../testing/contract/store-world.ts";
import { openPostgresStore, type PostgresStore } from "./postgres-store.ts";

const SUBJECT = { kind: "grant", id: GRANT } as const;
const SHORT = { connectMs: 2_000, statementMs: 400, answerMs: 600, idleInTransactionMs: 400 };

/** A settle as the keeper makes it: run again, it finds that it is done. */
function settle(grant: StoredGrant): GrantDecision<"settled" | "was-settled"> {
  if (chainOf(grant.state)?.generation !== 0) return { change: null, result: "was-settled" };
  const told = records(SUBJECT, "renewed", { notice: true });
  return { change: change({ state: live(1), tokens: [token()], records: told }), result: "settled" };
}

describe("a database that goes away", () => {
  let server: PostgresServer;
  let proxy: TcpProxy;
  let databases = 0;
  let store: PostgresStore;
  beforeAll(async () => {
    server = await startPostgres();
    proxy = await TcpProxy.before(() => server.port);
  }, 60_000);
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    databases += 1;
    const name = `away_${databases}`;
    await server.createDatabase(name);
    const dsn = server.url(name).replace(/:\d+\//, `:${proxy.port}/`);
    store = await openPostgresStore({ dsn, node: NODE, time: realTime(), limits: SHORT });
    await furnish(store);
    return async () => {
      proxy.decide = () => "pass";
      await store.close();
      await server.dropDatabase(name);
    };
  });

  /** Does it at the n-th piece that is sent from now on; answers whether it came to that. */
  function cutAt(n: number, cut: Cut): () => boolean {
    let sent = 0;
    proxy.decide = () => {
      sent += 1;
      return sent === n ? cut : "pass";
    };
    return () => sent >= n;
  }

  async function expectSettledOnce(): Promise<void> {
    expect(chainOf((await store.grants.load(GRANT))?.state ?? live())?.generation).toBe(1);
    expect(await store.audit.story(SUBJECT, 10)).toHaveLength(1);
    expect(await store.audit.outbox(10)).toHaveLength(1);
    expect(await store.audit.firstBroken()).toBeNull();
  }

  test.each(["lose-request", "lose-answer", "swallow-answer"] as const)(
    "%s at any piece of a change: it is done once or not at all, and repeated it is done once",
    async (cut) => {
      let n = 0;
      for (let reached = true; reached; ) {
        n += 1;
        const came = cutAt(n, cut);
        const first = await store.grants.change(GRANT, settle).catch((error: { code?: unknown }) => error.code);
        reached = came();
        proxy.decide = () => "pass";
        expect(["settled", "was-settled", "store_unavailable"]).toContain(first);
        const second = await retried(() => store.grants.change(GRANT, settle));
        expect(["settled", "was-settled"]).toContain(second);
        if (first === "settled") expect(second).toBe("was-settled");
        await expectSettledOnce();
        await server.query(
          'update "grant" set state = replace(state, \'"generation":1\', \'"generation":0\'), generation = 0; delete from token_version; delete from outbox; delete from audit_record; delete from audit_chain',
          `away_${databases}`,
        );
      }
      // Begin, lock, clock, update, token, head of the chain, record, head again, notice, commit.
      expect(n).toBeGreaterThan(9);
    },
  );

  // A transaction that nobody ends is ended by the server soon: until then its row is locked.
  async function retried<T>(ask: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1)
      try {
        return await ask();
      } catch (error) {
        if (tries === 6) throw error;
      }
  }

  test("a commit whose answer is lost is told as unavailable, and was done", async () => {
    proxy.decide = (sent) => (/^Q.{4}commit\0/s.test(sent) ? "lose-answer" : "pass");
    await expect(store.grants.change(GRANT, settle)).rejects.toMatchObject({ code: "store_unavailable" });
    proxy.decide = () => "pass";
    expect(await store.grants.change(GRANT, settle)).toBe("was-settled");
    await expectSettledOnce();
  });

  test("connections that died while nobody used them are made again without a word", async () => {
    await Promise.all(Array.from({ length: 10 }, () => store.grants.load(GRANT)));
    proxy.cutAll();
    expect(await store.grants.change(GRANT, settle)).toBe("settled");
    proxy.cutAll();
    expect((await store.grants.load(GRANT))?.id).toBe(GRANT);
  });

  test("a server that is frozen is told as unavailable in time, and nothing is done twice when it goes on", async () => {
    server.pause();
    try {
      const startedMs = performance.now();
      await expect(store.grants.change(GRANT, settle)).rejects.toMatchObject({ code: "store_unavailable" });
      expect(performance.now() - startedMs).toBeLessThan(5_000);
    } finally {
      server.resume();
    }
    expect(await retried(() => store.grants.change(GRANT, settle))).toMatch(/settled/);
    await expectSettledOnce();
  });

  test("a server that was killed is told as unavailable, and found again when it is back", async () => {
    await server.kill();
    await expect(store.grants.load(GRANT)).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(store.callers.epoch()).rejects.toMatchObject({ code: "store_unavailable" });
    await server.start();
    expect(await retried(() => store.grants.change(GRANT, settle))).toBe("settled");
  });

  test("a row that somebody holds is told as unavailable in time; a frozen holder is ended by the server", async () => {
    await server.connected(async (client) => {
      await client.query("begin");
      await client.query('select 1 from "grant" for update');
      const error = await store.grants.change(GRANT, settle).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "store_unavailable", cause: { code: "57014" } });
      expect(await store.grants.claimDue(1_000, 10, 2_000)).toMatchObject({ grants: [] });
    }, `away_${databases}`);
    proxy.decide = (sent) => (sent.includes("clock_timestamp") ? "lose-request" : "pass");
    await store.grants.change(GRANT, settle).catch(() => undefined);
    proxy.decide = () => "pass";
    expect(await retried(() => store.grants.change(GRANT, settle))).toBe("settled");
  });

  test("more work than connections waits its turn", async () => {
    // With the patience of production: how long a turn takes is the machine's business.
    const patient = await openPostgresStore({ dsn: server.url(`away_${databases}`), node: NODE, time: realTime() });
    try {
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, n) => patient.audit.write(n === 0 ? NOTHING : records(SUBJECT, `event-${n}`))),
      );
      expect(answers).toHaveLength(200);
      expect(await patient.audit.firstBroken()).toBeNull();
    } finally {
      await patient.close();
    }
  });
});
