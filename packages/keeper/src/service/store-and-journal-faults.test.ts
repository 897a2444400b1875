import {
  type AttemptId,
  chainOf,
  DEFAULT_LIMITS,
  type GrantId,
  type LeaseOwner,
  type NodeId,
  timing,
  transition,
} from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { PROVIDERS } from "../providers/catalogue.ts";
import { KeeperWorld, refusal } from "../testing/keeper-world.ts";
import { TENANT } from "../testing/scripted-provider.ts";

const MINUTE_MS = 60_000;

describe("what a disk and a database may do", () => {
  test("I12 liveness: the store is away when the answer comes: callers are served, and the settle waits for it", async () => {
    const world = await new KeeperWorld().connected();
    await world.time.advance(19 * MINUTE_MS);
    const before = await world.token();
    const { send } = world.provider;
    world.provider.send = async (request, sent) => {
      world.storeDown = true;
      return await send.call(world.provider, request, sent);
    };
    await world.time.advance(2 * MINUTE_MS);
    expect(world.failures).toContain("settle");
    expect((await world.token()).accessToken.reveal()).not.toBe(before.accessToken.reveal());
    world.provider.send = send;
    world.storeDown = false;
    await world.time.advance(5 * MINUTE_MS);
    await world.time.advance(DEFAULT_LIMITS.callerWaitMs);
    const story = await world.keeper.connections.story("acme", 5);
    expect(story.events[0]).toMatchObject({ event: "renewed" });
    // What has just happened is what the story promises of it.
    const promised = story.outages.find(({ event }) => event === "store-away");
    expect(promised?.safeForMs).toBeGreaterThan(5 * MINUTE_MS);
    await world.time.advance(40 * MINUTE_MS);
    await world.token();
  });

  test("the store goes away right after others changed what they may: the valid token is served from memory", async () => {
    const world = new KeeperWorld();
    world.others = true;
    await world.connected();
    const before = await world.token();
    const [app] = await world.memory.apps.list();
    if (app === undefined) throw new Error("no app");
    await world.memory.apps.replaceSecrets(app.id, app.clientSecrets, { audit: [], notices: [] });
    await world.time.advance(DEFAULT_LIMITS.authzMaxStaleMs);
    world.storeDown = true;
    expect((await world.token()).accessToken.reveal()).toBe(before.accessToken.reveal());
    // A look that fails halfway takes nothing away either.
    await world.memory.apps.replaceSecrets(app.id, app.clientSecrets, { audit: [], notices: [] });
    await world.time.advance(DEFAULT_LIMITS.authzMaxStaleMs);
    expect((await world.token()).accessToken.reveal()).toBe(before.accessToken.reveal());
  });

  test("I5 write-ahead: a journal that cannot be written starts no refresh, and the valid token is served", async () => {
    const world = await new KeeperWorld().connected();
    world.journal.full = true;
    await world.time.advance(25 * MINUTE_MS);
    await world.token();
    expect(world.refreshes()).toEqual([]);
    world.journal.full = false;
    await world.time.advance(10 * MINUTE_MS);
    await world.token();
    expect(world.refreshes()).toHaveLength(1);
  });

  test("each record of the journal is counted, and each that the disk did not take", async () => {
    const world = await new KeeperWorld().connected();
    const appends = () => world.observed.flatMap((each) => (each.kind === "journal-append" ? [each.outcome] : []));
    expect(appends()).toEqual(world.journal.entries.map(() => "written"));
    world.journal.full = true;
    await world.time.advance(25 * MINUTE_MS);
    await world.token();
    await world.time.settle();
    expect(appends().slice(world.journal.entries.length)[0]).toBe("failed");
  });

  test("I6 never discard: a crash after the raw answer was journaled: the next start settles it without another request", async () => {
    const world = await new KeeperWorld().connected();
    await world.time.advance(31 * MINUTE_MS);
    world.crashAt = "journaled";
    const before = world.refreshes().length;
    await world.token().catch(() => undefined);
    world.crashAt = null;
    await world.start();
    await world.token();
    expect(world.refreshes().length - before).toBe(1);
  });
});

test("I2 durable knowledge: a consent that the database has forgotten, with the claim of its code, comes back out of the journal", async () => {
  const world = await new KeeperWorld().connected();
  const [begun] = world.snapshots;
  if (begun === undefined) throw new Error("no snapshot");
  world.database.restore(begun);
  await world.start();
  expect(await world.keeper.connections.byName("acme")).toMatchObject({
    status: "connected",
    tenants: [{ name: TENANT.name }],
  });
  expect((await world.token()).accessToken).toBeDefined();
  const codes = world.provider.requests.filter(({ grant }) => grant.kind === "authorization_code");
  expect(codes).toHaveLength(1);
});

test("I16 no cross-chain revival: a consent that a crash cut off is left aside where the person has consented again since", async () => {
  const world = await new KeeperWorld().connected();
  world.provider.connected = false;
  await world.time.advance(2 * 60 * MINUTE_MS);
  await world.token().catch(() => undefined);
  await world.time.settle();
  const { url } = await world.keeper.consents.reconsentLink("acme");
  world.provider.connected = true;
  world.crashAt = "journaled";
  await expect(world.consented(url)).rejects.toThrow();
  world.crashAt = null;
  await world.time.advance(MINUTE_MS);
  await world.consented(url);
  const { accessToken } = await world.token();
  await world.start();
  await world.time.settle();
  expect((await world.token()).accessToken.reveal()).toBe(accessToken.reveal());
  const consents = await world.memory.consents.ofConnection(world.connection, 10);
  expect(consents.map(({ progress }) => ("code" in progress ? progress.code : progress.kind))).toEqual([
    "accepted",
    "consent_superseded",
    "accepted",
  ]);
});

test("I12 liveness: an intent whose acknowledgement was lost is taken up when its lease ends, though no caller comes", async () => {
  const world = await new KeeperWorld().connected();
  await world.time.advance(3 * 60 * MINUTE_MS);
  const before = world.refreshes().length;
  world.acknowledgementLost = true;
  expect(await refusal(world.token())).toBe("store_unavailable");
  expect(world.refreshes()).toHaveLength(before);
  await world.time.advance(2 * MINUTE_MS);
  expect(world.refreshes()).toHaveLength(before + 1);
});

describe("a send whose answer was lost, and which the database has forgotten,", () => {
  /** A node that died over it, and its database as it was before. */
  async function forgotten(): Promise<{
    readonly world: KeeperWorld;
    readonly sent: string;
    readonly sentAtMs: number;
  }> {
    const world = await new KeeperWorld().connected();
    await world.time.advance(3 * 60 * MINUTE_MS);
    const before = world.database.snapshot();
    world.provider.script = [{ kind: "lose" }];
    const sentAtMs = world.time.wallMs();
    const served = world.token().catch(() => undefined);
    world.crashAt = "settled";
    await world.time.settle();
    await served;
    world.crashAt = null;
    const [sent] = world.refreshes().slice(-1);
    world.database.restore(before);
    return { world, sent: sent ?? "", sentAtMs };
  }

  test("I2 durable knowledge: is asked for again out of the journal", async () => {
    const { world, sent } = await forgotten();
    await world.start();
    await world.time.advance(5 * MINUTE_MS);
    expect(world.refreshes().filter((token) => token === sent)).toHaveLength(2);
    expect((await world.token()).accessToken).toBeDefined();
  });

  test.each([1, 3])(
    "I2 durable knowledge: is counted, and dates the grace, also where another node has taken its fence since (%i attempts of its own)",
    async (attempts) => {
      const { world, sentAtMs } = await forgotten();
      await world.time.advance(2 * MINUTE_MS);
      const grant = await othersAttempts(world, attempts);
      await world.start();
      const chain = chainOf((await world.memory.grants.load(grant))?.state ?? { kind: "unconsented" });
      const head = chain?.renewal.kind === "refresh-token" ? chain.renewal.head : null;
      expect(head).toMatchObject({ sends: attempts + 1, firstSentAtMs: sentAtMs });
      // Told once, it is not told again at the next start.
      await world.start();
      const story = await world.memory.audit.story({ kind: "grant", id: grant }, 100);
      expect(story.filter(({ event }) => event === "send-remembered")).toHaveLength(1);
    },
  );

  test("I4 single spender: is not sent again while it may still be on its way, though nobody has noticed yet what was forgotten", async () => {
    const world = await new KeeperWorld().connected();
    await world.time.advance(3 * 60 * MINUTE_MS);
    const before = world.database.snapshot();
    const { send } = world.provider;
    world.provider.send = async (request, sent) => {
      world.provider.send = send;
      world.database.restore(before);
      await send.call(world.provider, request, sent);
      return { kind: "broken", bytesSent: true, reason: "timeout" };
    };
    const sends = () => world.refreshes().length;
    const first = sends();
    world.token().catch(() => undefined);
    await world.time.advance(DEFAULT_LIMITS.leaseMs - 1);
    expect(sends() - first).toBe(1);
    await world.time.advance(MINUTE_MS);
    expect(sends() - first).toBe(2);
    expect((await world.token()).accessToken).toBeDefined();
    const grant = (await world.memory.connections.findByName("acme"))?.grant ?? ("" as GrantId);
    const story = await world.memory.audit.story({ kind: "grant", id: grant }, 100);
    expect(story.map(({ event }) => event).slice(0, 3)).toEqual(["renewed", "attempt-begun", "send-remembered"]);
  });

  test("I2 durable knowledge: is known to the head that another send brought, though the database has forgotten both", async () => {
    const world = await new KeeperWorld().connected();
    await world.time.advance(3 * 60 * MINUTE_MS);
    const before = world.database.snapshot();
    const grant = (await world.memory.connections.findByName("acme"))?.grant ?? ("" as GrantId);
    const renewal = async () =>
      chainOf((await world.memory.grants.load(grant))?.state ?? { kind: "unconsented" })?.renewal;
    world.provider.script = [{ kind: "lose" }];
    await world.token();
    const known = await renewal();
    expect(known).toMatchObject({ previous: { sends: 2 }, suspect: expect.anything() });
    world.database.restore(before);
    await world.start();
    expect(await renewal()).toEqual(known);
  });

  test("I2 durable knowledge: is counted once, though the acknowledgement of that was lost", async () => {
    const { world } = await forgotten();
    await world.time.advance(2 * MINUTE_MS);
    const grant = await othersAttempts(world, 1);
    world.acknowledgementLost = true;
    const started = world.start();
    await world.time.advance(MINUTE_MS / 2);
    await started;
    const chain = chainOf((await world.memory.grants.load(grant))?.state ?? { kind: "unconsented" });
    expect(chain?.renewal).toMatchObject({ head: { sends: 2 } });
    const story = await world.memory.audit.story({ kind: "grant", id: grant }, 100);
    expect(story.filter(({ event }) => event === "send-remembered")).toHaveLength(1);
  });
});

/** Another node over the same database begins attempts, one after the other, each after the lease of the one before. */
async function othersAttempts(world: KeeperWorld, count: number): Promise<GrantId> {
  const id = (await world.memory.connections.findByName("acme"))?.grant;
  if (id == null) throw new Error("no grant");
  const xero = PROVIDERS.get("xero");
  const verdict = xero === undefined ? null : timing(xero.policy, DEFAULT_LIMITS);
  if (verdict === null || verdict.kind === "impossible") throw new Error("no timing");
  for (let index = 0; index < count; index += 1)
    await world.memory.grants.change(id, (grant) => {
      const chain = chainOf(grant.state);
      if (chain?.renewal.kind !== "refresh-token") throw new Error("no token to spend");
      const { version: token } = chain.renewal.head;
      const attempt = `at_other_${index}` as AttemptId;
      const atMs = world.time.wallMs() + index;
      const moved = transition(
        grant.state,
        { kind: "attempt-begun", atMs, attempt, node: "node-b" as NodeId, token, because: "recovery", usedAtMs: null },
        verdict.timing,
      );
      if (moved.kind === "unmoved") throw new Error(moved.because);
      const audit = [{ subject: { kind: "grant", id }, atMs, by: "node-b", ...moved.audit }] as const;
      const lease = { fence: grant.lease.fence + 1, owner: "b.1" as LeaseOwner, untilMs: atMs + MINUTE_MS };
      const change = { state: moved.state, lease, dueAtMs: grant.dueAtMs, tokens: [], records: { audit, notices: [] } };
      return { change, result: undefined };
    });
  return id;
}
