import { DEFAULT_LIMITS, EvergrantError, type LeaseOwner, type NodeId, Secret } from "@evergrant/core";
import { expect } from "vitest";
import { MovableTime } from "../../../../tests/kit/movable-time.ts";
import type { Journal, JournalEntry, JournalRecord } from "../ports/journal.ts";
import type { Observation } from "../ports/observation.ts";
import type { Store } from "../ports/store.ts";
import type { Time } from "../ports/time.ts";
import { PROVIDERS } from "../providers/catalogue.ts";
import { makeKeyCheck } from "../sealing/key-check.ts";
import { formatKeyRingEntry, parseKeyRing } from "../sealing/key-ring.ts";
import { keySealer } from "../sealing/key-sealer.ts";
import { Activity } from "../service/activity.ts";
import { createKeeper, type RunningKeeper } from "../service/create-keeper.ts";
import { digest } from "../service/digest.ts";
import type { RefreshHealth } from "../service/keeper.ts";
import { NodeClock } from "../service/node-clock.ts";
import { type MemoryDatabase, memoryDatabase } from "../stores/memory/memory-store.ts";
import type { MemorySnapshot } from "../stores/memory/memory-tables.ts";
import { ScriptedProvider, TENANT } from "./scripted-provider.ts";

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
  async erase() {
    return 0;
  }

  async close() {}
}

/** One keeper over memory: its disk (store and journal) outlives it, so that it can die and come again. */
export class KeeperWorld {
  readonly time = new MovableTime();
  readonly provider = new ScriptedProvider(this.time);
  readonly journal = new MemoryJournal();
  readonly database: MemoryDatabase;
  readonly memory: Store;
  /** What the database held at each step of a consent. */
  readonly snapshots: MemorySnapshot[] = [];
  storeDown = false;
  /** Whether other nodes may work on this store: then the keeper looks for what they change. */
  others = false;
  /** What the node says of itself. */
  refreshHealth: RefreshHealth = { refreshing: true, detail: null };
  /** The next change is made, and nobody is told. */
  acknowledgementLost = false;
  /** The next change is decided, and comes to nothing. */
  rolledBack = false;
  crashAt: string | null = null;
  /** Called whenever a grant is read. */
  onLoad: () => void = () => undefined;
  /** Called at each named point. */
  reachedPoint: (point: string) => void = () => undefined;
  readonly failures: string[] = [];
  readonly observed: Observation[] = [];
  #running: RunningKeeper | undefined;
  #starts = 0;
  readonly #chance = countingChance();
  readonly #ring = parseKeyRing(formatKeyRingEntry("kek-1", new Uint8Array(32).fill(7)));
  readonly #keyCheck = makeKeyCheck(this.#ring, "dp-1", this.#chance);

  constructor() {
    const time: Time = {
      wallMs: () => (this.others ? this.#storeMs() : this.time.wallMs()),
      monotonicMs: () => this.time.monotonicMs(),
      setTimer: (delayMs, fire) => this.time.setTimer(delayMs, fire),
    };
    this.database = memoryDatabase({ time });
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
    const clock = new NodeClock(this.time, DEFAULT_LIMITS);
    if (this.others) clock.follow(async () => ({ skewMs: this.#storeMs() - this.time.wallMs(), withinMs: 1 }));
    this.#running = createKeeper(
      {
        store: this.#flakyStore(),
        journal: this.journal,
        sealer: keySealer({ ring: this.#ring, deployment: "dp-1", keyCheck: this.#keyCheck, chance: this.#chance }),
        tokenEndpoint: this.provider,
        providerApi: this.provider,
        assertions: { flawOf: async () => null, verify: async () => ({ kind: "not-signed" }) },
        providers: PROVIDERS,
        ...{ time: clock.time, clock },
        chance: this.#chance,
        limits: DEFAULT_LIMITS,
        reached: (point) => {
          this.reachedPoint(point);
          if (this.crashAt === point) throw new Crash();
        },
        node: "node-1" as NodeId,
        owner: `owner-${this.#starts}` as LeaseOwner,
        publicUrl: "https://evergrant.example",
        shared: this.others
          ? { pace: this.time, onHint: () => () => undefined, onNewPrimary: () => () => undefined }
          : null,
        activity: new Activity(() => undefined),
        provenance: null,
        observe: (observation) => this.observed.push(observation),
        report: (failure) => this.failures.push(failure.what),
      },
      { operatorKeySha256: digest(new Secret("operator")), createdAtMs: 0 },
      () => this.refreshHealth,
    );
    await this.#running.start();
  }

  /** The whole of it, as it ends in good order. */
  stop(): Promise<void> {
    return this.#running?.stop() ?? Promise.resolve();
  }

  /** What comes before: it begins nothing by itself any more. */
  rest(): void {
    this.#running?.rest();
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
    const { url } = await this.keeper.consents.createLink({ connection: "acme", accept: "ask", by: "operator" });
    const consent = await this.consented(url);
    expect(await this.keeper.consents.result(consent, BROWSER)).toMatchObject({
      kind: "accepted",
      tenants: [TENANT.name],
    });
    return this;
  }

  /** A person goes through a link: what became of it lies under the id. */
  async consented(link: string) {
    const { authorizeUrl } = await this.keeper.consents.begin(new Secret(link.split("/").at(-1) ?? ""), BROWSER);
    const state = new URL(authorizeUrl).searchParams.get("state") ?? "";
    const [app] = await this.keeper.apps.list();
    if (app === undefined) throw new Error("no app");
    this.snapshots.push(this.database.snapshot());
    const params = new URLSearchParams({ code: "code", state });
    return await this.keeper.consents.receive({ app: app.id, params, browser: BROWSER });
  }

  token() {
    return this.keeper.tokens.accessToken(this.connection);
  }

  refreshes(): readonly string[] {
    return this.provider.requests.flatMap(({ grant }) =>
      grant.kind === "refresh_token" ? [grant.refreshToken.reveal()] : [],
    );
  }

  // A database that others share has a clock of its own, which nobody sets.
  #storeMs(): number {
    return this.time.startMs + this.time.monotonicMs();
  }

  // The same store, but its grants and apps may be out of reach: a database that is down.
  #flakyStore(): Store {
    const { grants, apps } = this.memory;
    const reach = () => {
      if (this.storeDown) throw new EvergrantError("store_unavailable");
    };
    return {
      ...this.memory,
      apps: {
        ...apps,
        find: async (id) => {
          reach();
          return await apps.find(id);
        },
        list: async () => {
          reach();
          return await apps.list();
        },
      },
      grants: {
        ...grants,
        load: async (id) => {
          reach();
          this.onLoad();
          return await grants.load(id);
        },
        change: async (id, decide) => {
          reach();
          if (this.rolledBack) {
            this.rolledBack = false;
            const grant = await grants.load(id);
            if (grant !== undefined) decide(grant, this.time.wallMs());
            throw new EvergrantError("store_unavailable");
          }
          const result = await grants.change(id, decide);
          if (!this.acknowledgementLost) return result;
          this.acknowledgementLost = false;
          throw new EvergrantError("store_unavailable");
        },
      },
    };
  }
}

const BROWSER = new Secret("browser");

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

export async function refusal(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => "no refusal",
    (error: unknown) => (error instanceof EvergrantError ? error.code : String(error)),
  );
}
