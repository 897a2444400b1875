import { DEFAULT_LIMITS, type Ending, EvergrantError, type LeaseOwner, type NodeId, Secret } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { MovableTime } from "../../../../tests/kit/movable-time.ts";
import type { Journal, JournalEntry, JournalRecord } from "../ports/journal.ts";
import type { ProbeAnswer, ProviderApi } from "../ports/provider-api.ts";
import type { Store } from "../ports/store.ts";
import type { TokenEndpoint, TokenRequest } from "../ports/token-endpoint.ts";
import { PROVIDERS } from "../providers/catalogue.ts";
import { makeKeyCheck } from "../sealing/key-check.ts";
import { formatKeyRingEntry, parseKeyRing } from "../sealing/key-ring.ts";
import { keySealer } from "../sealing/key-sealer.ts";
import { type MemoryDatabase, memoryDatabase } from "../stores/memory/memory-store.ts";
import type { MemorySnapshot } from "../stores/memory/memory-tables.ts";
import { Activity } from "./activity.ts";
import { createKeeper, type RunningKeeper } from "./create-keeper.ts";
import { digest } from "./digest.ts";

const MINUTE_MS = 60_000;
const TENANT = {
  id: "t-demo",
  name: "Demo Company (NZ)",
  connectionId: "c-1",
  consentEventId: "ev-1",
  updatedAtMs: null,
};

/** A provider with single-use refresh tokens and a grace of 30 minutes; what it does next can be scripted. */
class Provider implements TokenEndpoint, ProviderApi {
  readonly #time: MovableTime;
  readonly #firstUsedAtMs = new Map<string, number>();
  readonly known = new Set<string>();
  readonly requests: TokenRequest[] = [];
  readonly revoked: string[] = [];
  connected = true;
  tenantName = TENANT.name;
  /** What the person connected to the same app besides. */
  others: (typeof TENANT)[] = [];
  lists = 0;
  probes = 0;
  probeAnswer: (token: string) => ProbeAnswer = () => apiAnswer(200);
  #issued = 0;
  /** The ends of the next requests: after the provider has done its work (or `instead`). */
  script: ({ kind: "lose" } | { kind: "instead"; ending: Ending })[] = [];

  constructor(time: MovableTime) {
    this.#time = time;
  }

  async send(request: TokenRequest, sent: () => void): Promise<Ending> {
    this.requests.push(request);
    sent();
    const scripted = this.script.shift();
    if (scripted?.kind === "instead") return scripted.ending;
    const ending = this.#execute(request);
    return scripted?.kind === "lose" ? { kind: "broken", bytesSent: true, reason: "ECONNRESET" } : ending;
  }

  async revoke(request: { token: Secret }): Promise<"done"> {
    this.revoked.push(request.token.reveal());
    return "done";
  }

  async tenants() {
    this.lists += 1;
    const own = this.connected ? [{ ...TENANT, name: this.tenantName }] : [];
    return { kind: "listed", tenants: [...own, ...this.others] } as const;
  }

  async probe(_provider: unknown, _endpoints: unknown, accessToken: Secret): Promise<ProbeAnswer> {
    this.probes += 1;
    return this.probeAnswer(accessToken.reveal());
  }

  async deleteConnection(): Promise<"gone"> {
    this.connected = false;
    return "gone";
  }

  async discover() {
    return null;
  }

  #execute({ grant }: TokenRequest): Ending {
    if (grant.kind === "refresh_token") {
      const token = grant.refreshToken.reveal();
      const firstUsedAtMs = this.#firstUsedAtMs.get(token) ?? this.#time.wallMs();
      if (!this.known.has(token) || this.#time.wallMs() - firstUsedAtMs > 30 * MINUTE_MS)
        return json(400, { error: "invalid_grant" });
      this.#firstUsedAtMs.set(token, firstUsedAtMs);
    }
    this.#issued += 1;
    const claims = Buffer.from(JSON.stringify({ xero_userid: "jane", authentication_event_id: "ev-1" })).toString(
      "base64url",
    );
    const refresh = `refresh-canary-${this.#issued}`;
    this.known.add(refresh);
    return json(200, {
      access_token: `head.${claims}.${this.#issued}`,
      refresh_token: refresh,
      expires_in: 1800,
      token_type: "Bearer",
    });
  }
}

function json(status: number, body: unknown): Ending {
  return { kind: "answered", status, body: new Secret(JSON.stringify(body)), retryAfterMs: null, serverDateMs: null };
}

function apiAnswer(status: number, more: { said?: string; challenge?: string } = {}): ProbeAnswer {
  return { kind: "answered", status, challenge: more.challenge ?? null, said: more.said ?? "" };
}

class MemoryJournal implements Journal {
  readonly entries: JournalEntry[] = [];
  full = false;

  async append(record: JournalRecord): Promise<number> {
    if (this.full) throw new EvergrantError("journal_unwritable");
    return this.entries.push({ position: this.entries.length + 1, record });
  }

  async read() {
    return this.entries;
  }

  async firstPosition() {
    return this.entries[0]?.position ?? null;
  }

  async forgetBefore() {}
  async close() {}
}

/** One keeper over memory: its disk (store and journal) outlives it, so that it can die and come again. */
class KeeperWorld {
  readonly time = new MovableTime();
  readonly provider = new Provider(this.time);
  readonly journal = new MemoryJournal();
  readonly database: MemoryDatabase;
  readonly memory: Store;
  /** What the database held at each step of a consent. */
  readonly snapshots: MemorySnapshot[] = [];
  storeDown = false;
  /** The next change is made, and nobody is told. */
  acknowledgementLost = false;
  crashAt: string | null = null;
  readonly failures: string[] = [];
  #running: RunningKeeper | undefined;
  #starts = 0;
  readonly #chance = countingChance();
  readonly #ring = parseKeyRing(formatKeyRingEntry("kek-1", new Uint8Array(32).fill(7)));
  readonly #keyCheck = makeKeyCheck(this.#ring, "dp-1", this.#chance);

  constructor() {
    this.database = memoryDatabase({ time: this.time });
    this.memory = this.database.storeOf("node-1" as NodeId);
  }

  get keeper() {
    if (this.#running === undefined) throw new Error("not running");
    return this.#running.keeper;
  }

  get connection() {
    const id = this.keeper.connections.idOf("acme");
    if (id === undefined) throw new Error("no connection");
    return id;
  }

  /** Starts (again): what an earlier life had planned died with it. */
  async start(): Promise<void> {
    this.#starts += 1;
    this.time.dropTimers();
    this.#running = createKeeper(
      {
        store: this.#flakyStore(),
        journal: this.journal,
        sealer: keySealer({ ring: this.#ring, deployment: "dp-1", keyCheck: this.#keyCheck, chance: this.#chance }),
        tokenEndpoint: this.provider,
        providerApi: this.provider,
        assertions: { flawOf: async () => null, verify: async () => ({ kind: "not-signed" }) },
        providers: PROVIDERS,
        time: this.time,
        chance: this.#chance,
        limits: DEFAULT_LIMITS,
        reached: (point) => {
          if (this.crashAt === point) throw new Crash();
        },
        node: "node-1" as NodeId,
        owner: `owner-${this.#starts}` as LeaseOwner,
        publicUrl: "https://evergrant.example",
        shared: null,
        activity: new Activity(() => undefined),
        provenance: null,
        report: (failure) => this.failures.push(failure.what),
      },
      { operatorKeySha256: digest(new Secret("operator")), createdAtMs: 0 },
      () => ({ serving: true, refreshing: true, detail: null }),
    );
    await this.#running.start();
  }

  async connected(): Promise<this> {
    await this.start();
    await this.keeper.apps.add({
      name: "app",
      provider: "xero",
      clientId: "id",
      clientSecret: new Secret("secret-canary"),
      scopes: ["accounting.settings", "offline_access"],
      origins: null,
      by: "operator",
    });
    await this.keeper.connections.create({ name: "acme", app: "app", expectedTenant: TENANT.id, by: "operator" });
    const browser = new Secret("browser");
    const { url } = await this.keeper.consents.createLink({ connection: "acme", accept: "ask", by: "operator" });
    const { authorizeUrl } = await this.keeper.consents.begin(new Secret(url.split("/").at(-1) ?? ""), browser);
    const state = new URL(authorizeUrl).searchParams.get("state") ?? "";
    const [app] = await this.keeper.apps.list();
    if (app === undefined) throw new Error("no app");
    this.snapshots.push(this.database.snapshot());
    const consent = await this.keeper.consents.receive({
      app: app.id,
      params: new URLSearchParams({ code: "code", state }),
      browser,
    });
    expect(await this.keeper.consents.result(consent, browser)).toMatchObject({
      kind: "accepted",
      tenants: [TENANT.name],
    });
    return this;
  }

  token() {
    return this.keeper.tokens.accessToken(this.connection);
  }

  refreshes(): readonly string[] {
    return this.provider.requests.flatMap(({ grant }) =>
      grant.kind === "refresh_token" ? [grant.refreshToken.reveal()] : [],
    );
  }

  // The same store, but its grants may be out of reach: a database that is down.
  #flakyStore(): Store {
    const { grants } = this.memory;
    const reach = () => {
      if (this.storeDown) throw new EvergrantError("store_unavailable");
    };
    return {
      ...this.memory,
      grants: {
        ...grants,
        load: async (id) => {
          reach();
          return await grants.load(id);
        },
        change: async (id, decide) => {
          reach();
          const result = await grants.change(id, decide);
          if (!this.acknowledgementLost) return result;
          this.acknowledgementLost = false;
          throw new EvergrantError("store_unavailable");
        },
      },
    };
  }
}

class Crash extends Error {}

function countingChance() {
  let count = 0;
  return {
    draw: () => 0,
    bytes: (length: number) => {
      count += 1;
      return new Uint8Array(length).map((_, index) => (count * 31 + index * 7 + (count >> 8)) % 256);
    },
  };
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => "no refusal",
    (error: unknown) => (error instanceof EvergrantError ? error.code : String(error)),
  );
}

describe("a token is handed out", () => {
  test("from memory while it is fresh, and refreshed behind while it is stale", async () => {
    const world = await new KeeperWorld().connected();
    const first = await world.token();
    await world.time.advance(19 * MINUTE_MS);
    expect((await world.token()).accessToken.reveal()).toBe(first.accessToken.reveal());
    await world.time.advance(2 * MINUTE_MS);
    expect(world.refreshes()).toHaveLength(1);
    expect((await world.token()).accessToken.reveal()).not.toBe(first.accessToken.reveal());
  });

  test("I15 stampede: to a hundred waiting callers by one refresh", async () => {
    const world = await new KeeperWorld().connected();
    await world.time.advance(31 * MINUTE_MS);
    const before = world.refreshes().length;
    const tokens = await Promise.all(Array.from({ length: 100 }, () => world.token()));
    expect(new Set(tokens.map(({ accessToken }) => accessToken.reveal())).size).toBe(1);
    expect(world.refreshes().length - before).toBe(1);
  });

  test("to a caller who waits, although the first answer was lost: the same refresh token is sent again", async () => {
    const world = await new KeeperWorld().connected();
    await world.time.advance(31 * MINUTE_MS);
    world.provider.script = [{ kind: "lose" }];
    const before = world.refreshes().length;
    await world.token();
    const [first, second] = world.refreshes().slice(before);
    expect(first).toBe(second);
  });

  test("for no longer than a caller wants to wait", async () => {
    const world = await new KeeperWorld().connected();
    await world.time.advance(31 * MINUTE_MS);
    world.provider.script = Array.from(
      { length: 9 },
      () => ({ kind: "instead", ending: json(502, "bad gateway") }) as const,
    );
    const refused = refusal(world.token());
    await world.time.advance(DEFAULT_LIMITS.callerWaitMs);
    expect(await refused).toBe("provider_unreachable");
  });

  test("I7 right token: never for a connection that was disabled or removed", async () => {
    const world = await new KeeperWorld().connected();
    const id = world.connection;
    await world.keeper.connections.setDisabled("acme", true, "operator");
    expect(await refusal(world.token())).toBe("connection_disabled");
    await world.keeper.connections.setDisabled("acme", false, "operator");
    expect(await world.keeper.connections.remove("acme", "operator")).toEqual({
      disconnected: [TENANT.name],
      remaining: [],
      grantRevoked: true,
    });
    expect(world.provider.revoked).toEqual(["refresh-canary-1"]);
    expect(await refusal(world.keeper.tokens.accessToken(id))).toBe("connection_not_available");
  });
});

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

test("I2 durable knowledge: a send whose answer was lost, forgotten by the database, is asked for again out of the journal", async () => {
  const world = await new KeeperWorld().connected();
  await world.time.advance(3 * 60 * MINUTE_MS);
  const before = world.database.snapshot();
  world.provider.script = [{ kind: "lose" }];
  const served = world.token().catch(() => undefined);
  world.crashAt = "settled";
  await world.time.settle();
  await served;
  world.crashAt = null;
  const [sent] = world.refreshes().slice(-1);
  world.database.restore(before);
  await world.start();
  await world.time.advance(5 * MINUTE_MS);
  expect(world.refreshes().filter((token) => token === sent)).toHaveLength(2);
  expect((await world.token()).accessToken).toBeDefined();
});

describe("what the provider may say", () => {
  test("a connection that was ended over there is noticed by its list, not by a refresh that still works", async () => {
    const world = await new KeeperWorld().connected();
    world.provider.connected = false;
    await world.time.advance(2 * 60 * MINUTE_MS);
    await world.token();
    await world.time.settle();
    expect((await world.keeper.connections.byName("acme")).status).toBe("tenant-gone");
    expect(await refusal(world.token())).toBe("consent_required");
    expect((await world.memory.audit.outbox(9)).map(({ notice }) => notice)).toContain("tenant-gone");
  });

  test("a wrong client secret is tried once per secret of the list, and the next one helps", async () => {
    const world = await new KeeperWorld().connected();
    await world.keeper.apps.addSecret("app", new Secret("newer-canary"), "operator");
    await world.time.advance(31 * MINUTE_MS);
    world.provider.script = [{ kind: "instead", ending: json(401, { error: "invalid_client" }) }];
    await world.token();
    const secrets = world.provider.requests.slice(-2).map(({ clientSecret }) => clientSecret?.reveal());
    expect(secrets).toEqual(["newer-canary", "secret-canary"]);
  });
});

describe("an access token that the provider's API calls expired", () => {
  test("is replaced by one refresh for all who come with it, once a minute, and not by another's word", async () => {
    const world = await new KeeperWorld().connected();
    const first = await world.token();
    const before = world.refreshes().length;
    const replace = (refused: Secret) => world.keeper.tokens.replacement(world.connection, refused);
    // A token that is not the present one says nothing about it: the present one is the replacement.
    expect((await replace(new Secret("older")))?.accessToken.reveal()).toBe(first.accessToken.reveal());
    expect(world.refreshes()).toHaveLength(before);

    const replaced = await Promise.all([replace(first.accessToken), replace(first.accessToken)]);
    const [second, same] = replaced.map((token) => token?.accessToken.reveal());
    expect([second === same, second === first.accessToken.reveal()]).toEqual([true, false]);
    expect(world.refreshes()).toHaveLength(before + 1);

    const present = await world.token();
    expect(await replace(present.accessToken)).toBeNull();
    await world.time.advance(MINUTE_MS + 1);
    expect(await replace(present.accessToken)).not.toBeNull();
    expect(world.refreshes()).toHaveLength(before + 2);
  });

  test("is served on where no other can be had", async () => {
    const world = await new KeeperWorld().connected();
    const first = await world.token();
    world.provider.script = Array.from({ length: 9 }, () => ({ kind: "instead" as const, ending: json(503, {}) }));
    const replaced = world.keeper.tokens.replacement(world.connection, first.accessToken);
    await world.time.advance(DEFAULT_LIMITS.callerWaitMs + 1);
    expect(await replaced).toBeNull();
    expect((await world.token()).accessToken.reveal()).toBe(first.accessToken.reveal());
  });
});

describe("a caller's word that the API refused its token", () => {
  const askAgain = (world: KeeperWorld, refused: Secret) =>
    world.keeper.tokens.accessToken(world.connection, { refusedSha256: digest(refused) });

  test("brings another one only if the API says so itself, by one refresh for all who come with it", async () => {
    const world = await new KeeperWorld().connected();
    const first = (await world.token()).accessToken;
    expect((await askAgain(world, first)).accessToken.reveal()).toBe(first.reveal());
    expect([world.provider.probes, world.refreshes().length]).toEqual([1, 0]);

    await world.time.advance(MINUTE_MS + 1);
    world.provider.probeAnswer = (token) => apiAnswer(token === first.reveal() ? 401 : 200);
    const answers = await Promise.all([askAgain(world, first), askAgain(world, first), askAgain(world, first)]);
    const [second, ...same] = answers.map(({ accessToken }) => accessToken.reveal());
    expect(second).not.toBe(first.reveal());
    expect(new Set(same)).toEqual(new Set([second]));
    expect([world.provider.probes, world.refreshes().length]).toEqual([2, 1]);
    expect((await world.token()).accessToken.reveal()).toBe(second);
    const { events } = await world.keeper.connections.story("acme", 9);
    expect(events.map(({ event }) => event)).toContain("access-token-refused");
  });

  test("cannot make the keeper ask the provider more than once a minute, whatever it claims", async () => {
    const world = await new KeeperWorld().connected();
    world.provider.probeAnswer = () => apiAnswer(401);
    for (let claim = 0; claim < 50; claim += 1) await askAgain(world, (await world.token()).accessToken);
    for (let claim = 0; claim < 50; claim += 1) await askAgain(world, new Secret(`older-${claim}`));
    expect([world.provider.probes, world.refreshes().length]).toEqual([1, 1]);
  });

  test.each([
    ["a missing scope", apiAnswer(401, { challenge: "insufficent_scope" })],
    ["an organisation that is gone", apiAnswer(403, { said: "AuthenticationUnsuccessful" })],
    ["a limit", apiAnswer(429)],
    ["an API that is down", apiAnswer(503)],
    ["no answer", { kind: "unreachable", reason: "ECONNREFUSED" } as const],
  ])("is not borne out by %s", async (_what, answer) => {
    const world = await new KeeperWorld().connected();
    world.provider.probeAnswer = () => answer;
    const first = (await world.token()).accessToken;
    expect((await askAgain(world, first)).accessToken.reveal()).toBe(first.reveal());
    expect(world.refreshes()).toEqual([]);
  });

  test("spends no suspect head before its confirm window: whoever waits is told to come again", async () => {
    const world = await new KeeperWorld().connected();
    await world.time.advance(31 * MINUTE_MS);
    world.provider.script = [{ kind: "lose" }];
    const suspect = (await world.token()).accessToken;
    const before = world.refreshes().length;
    world.provider.probeAnswer = (token) => apiAnswer(token === suspect.reveal() ? 401 : 200);
    const refused = refusal(askAgain(world, suspect));
    await world.time.advance(DEFAULT_LIMITS.callerWaitMs + 1);
    expect(await refused).toBe("token_not_ready");
    expect(world.refreshes()).toHaveLength(before);
    await world.time.advance(15 * MINUTE_MS);
    expect(world.refreshes()).toHaveLength(before + 1);
    expect((await world.token()).accessToken.reveal()).not.toBe(suspect.reveal());
  });

  test("is looked into after a start as well, when the token lies in the store alone", async () => {
    const world = await new KeeperWorld().connected();
    const first = (await world.token()).accessToken;
    await world.start();
    world.provider.probeAnswer = (token) => apiAnswer(token === first.reveal() ? 401 : 200);
    expect((await askAgain(world, first)).accessToken.reveal()).not.toBe(first.reveal());
  });
});

describe("what a refresh does to the access token before it, where the provider does not say", () => {
  const refreshed = async (world: KeeperWorld) => {
    await world.token();
    await world.time.advance(20 * MINUTE_MS);
    await world.token();
    await world.time.settle();
  };
  const promisedMs = async (world: KeeperWorld) => (await world.token()).expiresInMs;

  test("is seen once, at the first refresh, and tokens are promised accordingly from then on", async () => {
    const world = await new KeeperWorld().connected();
    const first = (await world.token()).accessToken.reveal();
    expect(await promisedMs(world)).toBe(30 * MINUTE_MS - DEFAULT_LIMITS.clockSkewMs);
    world.provider.probeAnswer = (token) => apiAnswer(token === first ? 401 : 200);
    await refreshed(world);
    expect(world.provider.probes).toBe(2);
    expect((await world.memory.apps.findByName("app"))?.oldAccessToken).toBe("dies");
    // Stale waits now: what is handed out lasts until the next refresh may come.
    await world.time.advance(20 * MINUTE_MS);
    const before = world.refreshes().length;
    const token = await world.token();
    expect(token.expiresInMs).toBeGreaterThan(17 * MINUTE_MS);
    expect(token.expiresInMs).toBeLessThanOrEqual(18 * MINUTE_MS);
    await world.time.advance(token.expiresInMs - 1);
    expect(world.refreshes().length - before).toBeLessThanOrEqual(1);
    expect((await world.token()).accessToken.reveal()).toBe(token.accessToken.reveal());
    expect(world.provider.probes).toBe(2);
    await world.start();
    expect(await promisedMs(world)).toBeLessThanOrEqual(18 * MINUTE_MS);
  });

  test("may be nothing: then they live as long as they say", async () => {
    const world = await new KeeperWorld().connected();
    await refreshed(world);
    expect((await world.memory.apps.findByName("app"))?.oldAccessToken).toBe("survives");
    expect(world.provider.probes).toBe(1);
    await refreshed(world);
    expect(world.provider.probes).toBe(1);
  });

  test.each([
    ["an API that refuses the new token too", () => apiAnswer(401)],
    ["an API that is down", () => apiAnswer(503)],
  ])("is not taken from %s, and asked about again an hour later", async (_what, answer) => {
    const world = await new KeeperWorld().connected();
    world.provider.probeAnswer = answer;
    await refreshed(world);
    await refreshed(world);
    expect((await world.memory.apps.findByName("app"))?.oldAccessToken).toBeUndefined();
    const { probes } = world.provider;
    world.provider.probeAnswer = () => apiAnswer(200);
    await refreshed(world);
    await refreshed(world);
    expect(world.provider.probes).toBe(probes + 1);
    expect((await world.memory.apps.findByName("app"))?.oldAccessToken).toBe("survives");
  });

  test("is not taken from a token that the API had refused before the refresh", async () => {
    const world = await new KeeperWorld().connected();
    const first = (await world.token()).accessToken;
    world.provider.probeAnswer = (token) => apiAnswer(token === first.reveal() ? 401 : 200);
    await world.keeper.tokens.accessToken(world.connection, { refusedSha256: digest(first) });
    await world.time.settle();
    expect(world.refreshes()).toHaveLength(1);
    expect((await world.memory.apps.findByName("app"))?.oldAccessToken).toBeUndefined();
  });
});

describe("warm hours", () => {
  const HOUR_MS = 60 * MINUTE_MS;
  const at = (world: KeeperWorld, text: string) => world.time.advance(Date.parse(text) - world.time.wallMs());
  /** The next day, two in the morning in Auckland, as UTC. */
  const jobAt = (world: KeeperWorld) => {
    const day = new Date(world.time.wallMs() + 2 * 24 * HOUR_MS).toISOString().slice(0, 10);
    return `${day}T02:00:00Z`;
  };
  const nightly = { kind: "cron", cron: "0 2 * * *", zone: "UTC" } as const;

  test("a nightly job finds a fresh token in memory, while the provider does not answer", async () => {
    const world = await new KeeperWorld().connected();
    await world.keeper.connections.setWarm("acme", nightly, "operator");
    expect(await world.keeper.connections.byName("acme")).toMatchObject({ warm: nightly });
    await at(world, jobAt(world));
    const before = world.refreshes().length;
    // No night but those gone by was prepared for.
    expect(before).toBeLessThanOrEqual(3);
    world.provider.script = Array.from({ length: 9 }, () => ({ kind: "lose" }) as const);
    const token = await world.token();
    expect(token.expiresInMs).toBeGreaterThan(15 * MINUTE_MS);
    expect(world.refreshes()).toHaveLength(before);
  });

  test("without them the same job waits for a refresh, and so it does once they are ended", async () => {
    const world = await new KeeperWorld().connected();
    await world.keeper.connections.setWarm("acme", nightly, "operator");
    await world.keeper.connections.setWarm("acme", null, "operator");
    await at(world, jobAt(world));
    const before = world.refreshes().length;
    await world.token();
    expect(world.refreshes()).toHaveLength(before + 1);
    expect((await world.keeper.connections.byName("acme")).warm).toEqual({ kind: "idle" });
  });

  test("always: there is a token at any hour", async () => {
    const world = await new KeeperWorld().connected();
    await world.keeper.connections.setWarm("acme", { kind: "always" }, "operator");
    for (let hour = 0; hour < 12; hour += 1) {
      await world.time.advance(HOUR_MS + 7 * MINUTE_MS);
      await world.time.settle();
      const before = world.refreshes().length;
      await world.token();
      expect(world.refreshes()).toHaveLength(before);
    }
  });

  test("they survive a restart, and rest while the connection is disabled", async () => {
    const world = await new KeeperWorld().connected();
    await world.keeper.connections.setWarm("acme", nightly, "operator");
    await world.keeper.connections.setDisabled("acme", true, "operator");
    await world.start();
    await at(world, jobAt(world));
    expect(world.refreshes().length).toBe(0);
    await world.keeper.connections.setDisabled("acme", false, "operator");
    await at(world, jobAt(world));
    const before = world.refreshes().length;
    expect(before).toBeGreaterThan(0);
    await world.token();
    expect(world.refreshes()).toHaveLength(before);
  });

  test("what cannot be read is refused in words", async () => {
    const world = await new KeeperWorld().connected();
    const set = (cron: string, zone = "UTC") =>
      world.keeper.connections.setWarm("acme", { kind: "cron", cron, zone }, "operator");
    expect(await refusal(set("0 25 * * *"))).toBe("warm_hours_invalid");
    expect(await refusal(set("0 2 * * *", "Nowhere"))).toBe("warm_hours_invalid");
  });
});

describe("what the provider's list says of organisations", () => {
  const looked = async (world: KeeperWorld) => {
    await world.keeper.connections.checkHealth("acme");
    return await world.keeper.connections.byName("acme");
  };
  const told = async (world: KeeperWorld) =>
    (await world.keeper.connections.story("acme", 50)).events
      .filter(({ event }) => event.startsWith("tenant-") || event.startsWith("api-"))
      .map(({ event, facts }) => `${event} ${String(facts["name"])}`);

  test("one that was renamed, another that was added and went again, and one that went and came back are told once each", async () => {
    const world = await new KeeperWorld().connected();
    world.provider.tenantName = "Demo Company Ltd";
    world.provider.others = [{ ...TENANT, id: "t-other", name: "Other Books", connectionId: "c-2" }];
    expect(await looked(world)).toMatchObject({
      ...{ status: "connected", tenants: [{ name: "Demo Company Ltd" }] },
      alsoReached: [{ id: "t-other", name: "Other Books" }],
    });
    await looked(world);
    expect(await told(world)).toEqual(["tenant-also-reached Other Books", "tenant-renamed Demo Company Ltd"]);
    // What the token reaches besides is no organisation of the connection: its callers are not told of it.
    expect((await world.token()).tenants).toEqual([{ id: TENANT.id, name: "Demo Company Ltd" }]);
    world.provider.others = [];
    world.provider.connected = false;
    expect(await looked(world)).toMatchObject({ status: "tenant-gone", alsoReached: [] });
    world.provider.connected = true;
    expect((await looked(world)).status).toBe("connected");
    expect((await told(world)).toReversed().slice(2)).toEqual([
      "tenant-gone Demo Company Ltd",
      "tenant-no-longer-reached Other Books",
      "tenant-back Demo Company Ltd",
    ]);
  });

  test("a caller's claim starts a look, at most once a minute, and only the list marks an organisation gone", async () => {
    const world = await new KeeperWorld().connected();
    const { accessToken } = await world.token();
    const claim = () =>
      world.keeper.tokens.accessToken(world.connection, { refusedSha256: digest(accessToken) }).catch(() => null);
    const before = world.provider.lists;
    for (let times = 0; times < 5; times += 1) await claim();
    await world.time.settle();
    expect(world.provider.lists).toBe(before + 1);
    expect((await world.keeper.connections.byName("acme")).status).toBe("connected");
    world.provider.connected = false;
    await world.time.advance(MINUTE_MS + 1);
    await claim();
    await world.time.settle();
    expect((await world.keeper.connections.byName("acme")).status).toBe("tenant-gone");
  });

  test("refusals that the list does not explain are told apart from a dead grant, once a day", async () => {
    const world = await new KeeperWorld().connected();
    const { caller, clientSecret } = await world.keeper.callers.add({
      ...{ name: "night", by: "operator", permissions: [{ connection: "acme", right: "gateway" }] },
    });
    const credential = { kind: "secret", clientId: caller.id, secret: clientSecret } as const;
    const night = await world.keeper.callers.authenticate(credential, null);
    const ask = { connection: "acme", method: "GET", path: "/api.xro/2.0/Invoices", query: "", header: () => null };
    const call = await world.keeper.gateway.admit(night, ask);
    await world.token();
    const meet = async (status: number, detail: string) => {
      const meaning = call.meaning({ status, headers: {} }, `{"Detail":"${detail}"}`);
      await world.time.settle();
      await world.time.advance(2 * MINUTE_MS);
      return meaning;
    };
    for (let times = 0; times < 3; times += 1) {
      expect(await meet(403, "AuthenticationUnsuccessful")).toBe("tenant-refused");
      expect(await meet(401, "AuthorizationUnsuccessful")).toBe("scope-missing");
    }
    expect((await told(world)).toSorted()).toEqual([
      `api-access-refused ${TENANT.name}`,
      `api-scope-missing ${TENANT.name}`,
    ]);
    expect(await world.keeper.connections.byName("acme")).toMatchObject({ status: "connected", trouble: null });
    expect(world.refreshes()).toEqual([]);
  });
});

test("what a caller may is in the audit, when it is added and each time it is set anew", async () => {
  const world = await new KeeperWorld().connected();
  const permissions = [{ connection: "acme", right: "token" }] as const;
  const { caller } = await world.keeper.callers.add({ name: "night", permissions, by: "operator" });
  const only = { tenants: null, methods: ["GET"], paths: null };
  await world.keeper.callers.setPermissions(caller.id, [{ connection: "acme", right: "gateway", only }], "operator");
  const story = await world.memory.audit.story({ kind: "caller", id: caller.id }, 9);
  expect(story.map(({ event, facts }) => [event, facts["permissions"]])).toEqual([
    ["caller-permissions-set", "gateway:acme[methods=GET]"],
    ["caller-added", "token:acme"],
  ]);
});
