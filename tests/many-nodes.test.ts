import type { Caller } from "@evergrant/contract";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aCluster, type Cluster } from "./kit/cluster.ts";
import { eventually } from "./kit/eventually.ts";
import type { NodeProcess } from "./kit/node-process.ts";
import { settableClock } from "./kit/postgres/settable-clock.ts";
import { TcpProxy } from "./kit/postgres/tcp-proxy.ts";
import { type PostgresServer, startPostgres } from "./kit/postgres.ts";
import { LIMITS, LIVES } from "./kit/scaled-policy.ts";

let server: PostgresServer;
let databases = 0;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

async function freshDatabase(): Promise<string> {
  databases += 1;
  const name = `evergrant_${databases}`;
  await server.query(`create database ${name}`);
  return server.url(name);
}

const nameOf = (dsn: string) => new URL(dsn).pathname.slice(1);

describe("equal nodes over one Postgres", () => {
  test("I15 stampede: 200 callers at each of 4 nodes at the moment of expiry make exactly one refresh", async () => {
    // A busy machine may take long for 800 callers: meanwhile no answer may be given up, and the new token not run out.
    const limits = { requestTimeoutMs: 5_000, leaseMs: 11_000 };
    await using cluster = await aCluster(await freshDatabase(), 4, { policy: "steady", limits });
    cluster.world.sandbox.control.setSwitches({ "access_token.ttl_seconds": 120 });
    await expired(cluster);
    const before = cluster.world.refreshes().length;
    const answers = await Promise.all(
      cluster.urls.flatMap((url) => Array.from({ length: 200 }, () => cluster.ask(url))),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(1);
    expect(cluster.world.refreshes().slice(before)).toHaveLength(1);
  });

  test.each([
    { hints: "heard", cut: false },
    { hints: "cut off", cut: true },
  ])(
    "a permission taken away, and a connection disabled, at one node are refused by the others in time, hints $hints",
    async ({ cut }) => {
      await using proxy = await TcpProxy.before(() => server.port);
      let unheard = 0;
      proxy.decide = (sent) => {
        if (!cut || !/\blisten /i.test(sent)) return "pass";
        unheard += 1;
        return "lose-request";
      };
      const dsn = await freshDatabase();
      // Lives of a minute, so that nothing else happens meanwhile, and the limit that nodes have in earnest.
      await using cluster = await aCluster(dsn, 1, { policy: "scaled" });
      const around = dsn.replace(/:\d+\//, `:${proxy.port}/`);
      const others = await Promise.all([
        cluster.join(undefined, { dsn: around }),
        cluster.join(undefined, { dsn: around }),
      ]);
      const { admin, caller } = cluster.world;
      const url = (at: NodeProcess) => at.url;
      for (const at of others.map(url)) expect((await cluster.ask(at)).status).toBe(200);
      await admin.post("/connections/acme/disable");
      for (const servedForMs of await lastServed(cluster, others.map(url), "connection_disabled"))
        expect(servedForMs).toBeLessThan(STALE_AT_MOST_MS);
      await admin.post("/connections/acme/enable");
      for (const at of others.map(url)) await eventually(async () => expect((await cluster.ask(at)).status).toBe(200));
      await admin.put(`/callers/${caller.clientId}/permissions`, { permissions: [] });
      for (const servedForMs of await lastServed(cluster, others.map(url), "connection_not_available"))
        expect(servedForMs).toBeLessThan(STALE_AT_MOST_MS);
      expect(unheard > 0).toBe(cut);
    },
  );

  test("an assertion that one node was shown is a replay at the other, also at the same moment", async () => {
    await using cluster = await aCluster(await freshDatabase(), 2, { policy: "steady" });
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    const { id } = await cluster.world.admin.post<Caller>("/callers/secretless", {
      name: "keyed",
      permissions: [{ connection: "acme", right: "token" }],
      authentication: { keys: { kind: "keys", keys: [await exportJWK(publicKey)] } },
    });
    const now = Math.floor(Date.now() / 1000);
    const aud = `${cluster.world.url}/connections/acme`;
    const sign = (jti: string) =>
      new SignJWT({ iss: id, sub: id, aud, jti, iat: now, exp: now + 60 })
        .setProtectedHeader({ alg: "ES256" })
        .sign(privateKey);
    const show = async (url: string, client_assertion: string) => {
      const client_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
      const form = { grant_type: "client_credentials", client_assertion_type, client_assertion };
      const address = `${url}/connections/acme/oauth2/token`;
      const response = await fetch(address, { method: "POST", body: new URLSearchParams(form) });
      return response.status === 200 ? "token" : ((await response.json()) as { code: string }).code;
    };
    const [first = "", second = ""] = cluster.urls;
    // The second node hears of the caller within the limit.
    await eventually(async () => expect(await show(second, await sign(crypto.randomUUID()))).toBe("token"));
    const once = await sign("in turn");
    expect([await show(first, once), await show(second, once)]).toEqual(["token", "caller_assertion_replayed"]);
    const race = await sign("at once");
    const shown = await Promise.all([first, second, first, second].map((url) => show(url, race)));
    expect(shown.toSorted()).toEqual([...Array(3).fill("caller_assertion_replayed"), "token"]);
  });

  test("a node that freezes in the middle of a refresh is taken over, and what it brings when it wakes is not lost", async () => {
    await using cluster = await aCluster(await freshDatabase(), 1);
    const frozen = await cluster.join();
    await expired(cluster);
    cluster.world.sandbox.control.placeFault({
      endpoint: "token",
      grantType: "refresh_token",
      point: "before-commit",
      action: { kind: "stall", ms: 400 },
    });
    const asked = cluster.ask(frozen.url).catch(() => undefined);
    await eventually(async () => expect(cluster.world.sandbox.control.faults()[0]?.hits).toBe(1));
    frozen.freeze();
    await eventually(async () => expect((await cluster.ask(cluster.world.url)).status).toBe(200));
    frozen.thaw();
    await asked;
    await expired(cluster);
    for (const url of cluster.urls) await eventually(async () => expect((await cluster.ask(url)).status).toBe(200));
    expect(cluster.world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
  });

  test("a node that alone gets no answers, and whose clock is ahead, loses nothing: it serves what the others bring", async () => {
    await using cluster = await aCluster(await freshDatabase(), 2, { policy: "steady" });
    const from = Number(new URL(cluster.world.sandbox.urls.identity).port);
    await using way = await TcpProxy.before(() => from);
    let lost = 0;
    way.decide = (sent) => {
      if (!sent.startsWith("POST /connect/token")) return "pass";
      lost += 1;
      return "lose-answer";
    };
    const cut = await cluster.join(undefined, { way: { from, to: way.port }, aheadMs: 200 });
    const tokens = new Set<string>();
    // Longer than the provider's grace, so that what it keeps to itself is lost.
    for (const untilMs = performance.now() + 1_200 * LIVES.steady.graceSeconds; performance.now() < untilMs; ) {
      const { status, body } = await cluster.ask(cut.url);
      if (status === 200) tokens.add(body.access_token ?? "");
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    expect(lost).toBeGreaterThan(0);
    expect(tokens.size).toBeGreaterThan(2);
    expect(cluster.world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
  });

  test.each([
    ["ahead", 1],
    ["behind", -1],
  ] as const)(
    "a node whose clock is set five hours %s goes by the database's: all nodes hand out tokens that live",
    async (_how, sign) => {
      await using cluster = await aCluster(await freshDatabase(), 1, { policy: "steady" });
      const wrong = await cluster.join();
      await eventually(async () => expect((await cluster.ask(wrong.url)).status).toBe(200));
      const leapMs = sign * 5 * 3_600_000;
      await wrong.leap(leapMs);
      expect(await servedWell(cluster)).toBeGreaterThan(2);
      expect(wrong.output()).toContain("clock_skewed");
      await wrong.leap(-leapMs);
      expect(await servedWell(cluster)).toBeGreaterThan(2);
      expect(cluster.world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
    },
  );

  test("a database whose own clock is set five hours back, and right again: all nodes hand out tokens that live, and say so", async () => {
    const dsn = await freshDatabase();
    const set = await settableClock(nameOf(dsn), (sql) => server.query(sql, nameOf(dsn)));
    await using cluster = await aCluster(dsn, 3, { policy: "steady" });
    for (const by of ["-5 hours", "0"]) {
      await set(by);
      expect(await servedWell(cluster)).toBeGreaterThan(2);
    }
    for (const node of cluster.others) expect(node.output()).toContain("clock_skewed");
    const told = `select event from audit_record where subject_id = 'clock' order by at_ms`;
    const events = (await server.query(told, nameOf(dsn))).map(({ event }) => event);
    // Two that look at the same moment both tell it.
    expect([...new Set(events)]).toEqual(["store-clock-set-back", "store-clock-right"]);
    expect(events.at(-1)).toBe("store-clock-right");
    expect(cluster.world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
  });

  test("a node told to stop while the provider is slow ends its refresh first: settled, lease given back, nothing lost", async () => {
    const dsn = await freshDatabase();
    await using cluster = await aCluster(dsn, 1);
    const leaving = await cluster.join();
    await expired(cluster);
    cluster.world.sandbox.control.placeFault({
      endpoint: "token",
      grantType: "refresh_token",
      point: "after-commit-before-headers",
      action: { kind: "stall", ms: 500 },
    });
    const asked = cluster.ask(leaving.url).catch(() => undefined);
    await eventually(async () => expect(cluster.world.sandbox.control.faults()[0]?.hits).toBe(1));
    await leaving.stop();
    await asked;
    expect(await leaving.ended).toBe(0);
    expect((await cluster.world.story()).events[0]).toMatchObject({ event: "renewed" });
    expect(cluster.world.refreshes()).toHaveLength(1);
    const held = `select id from "grant" where lease_until_ms > extract(epoch from clock_timestamp()) * 1000`;
    expect(await server.query(held, nameOf(dsn))).toEqual([]);
    await expired(cluster);
    await eventually(async () => expect((await cluster.ask(cluster.world.url)).status).toBe(200));
    expect(cluster.world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
  });
});

// Changes of others are looked for half the limit after the last look has ended. Beyond the limit one more such pause is allowed for: on a
// machine that is shared with the other nodes, a look takes as long as it takes.
const STALE_AT_MOST_MS = LIMITS.scaled.authzMaxStaleMs * 1.5;

/** How long after this call each of the nodes still served, until it refused with this code. */
async function lastServed(cluster: Cluster, urls: readonly string[], code: string): Promise<readonly number[]> {
  const fromMs = performance.now();
  return await Promise.all(
    urls.map(async (url) => {
      let lastMs = 0;
      await eventually(async () => {
        const sentMs = performance.now() - fromMs;
        const { status, body } = await cluster.ask(url);
        if (status === 200) lastMs = sentMs;
        expect(body.code).toBe(code);
      });
      return lastMs;
    }),
  );
}

/** How many tokens the nodes served for a while, of which each worked, and for no longer than was said. */
async function servedWell(cluster: Cluster): Promise<number> {
  const { accessSeconds } = LIVES.steady;
  const tokens = new Set<string>();
  for (const untilMs = performance.now() + 2_500 * accessSeconds; performance.now() < untilMs; ) {
    for (const url of cluster.urls) {
      const { body } = await cluster.ask(url);
      if (body.access_token === undefined) continue;
      tokens.add(body.access_token);
      expect(body.expires_in).toBeLessThanOrEqual(accessSeconds);
      // The API may have had enough of the calls; an expired token it calls so.
      expect((await cluster.world.organisation(body)).status).not.toBe(401);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return tokens.size;
}

// Real time: the store's clock is the server's, which no test can move; lives are eight seconds instead.
async function expired(cluster: Cluster): Promise<void> {
  const { accessExpiresAtMs } = await cluster.world.status();
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, (accessExpiresAtMs ?? 0) - Date.now())));
}
