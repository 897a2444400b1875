import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSandbox, type Sandbox } from "@evergrant/sandbox";
import { Admin } from "../kit/admin.ts";
import { lastingPort } from "../kit/lasting-port.ts";
import { settableClock } from "../kit/postgres/settable-clock.ts";
import { type PostgresPair, startSynchronousPair } from "../kit/postgres.ts";
import { type ScaledPolicy, SWITCHES } from "../kit/scaled-policy.ts";
import { World } from "../kit/world.ts";
import type { StoreKind } from "./harm-plan.ts";
import { HarmfulProxy } from "./harmful-proxy.ts";
import { NodeSlot } from "./node-slot.ts";

/** What happens to the nodes, told as it happens. */
export interface FleetEvents {
  readonly ended: (node: number, by: number | string, output: string) => void;
  readonly started: (node: number) => void;
}

export interface FleetOptions {
  readonly store: StoreKind;
  readonly seed: number;
  readonly policy: ScaledPolicy;
}

const NODES: { readonly [S in StoreKind]: number } = { postgres: 3, sqlite: 1 };

export function nodesOver(store: StoreKind): number {
  return NODES[store];
}

/**
 * Real nodes over one store, a sandbox behind a proxy that harms, and, with Postgres, a primary with a synchronous standby, each of
 * them behind a proxy of its own for each node.
 */
export class Fleet implements AsyncDisposable {
  readonly sandbox: Sandbox;
  /** For what a person does: it opens links and gives consent. */
  readonly world: World;
  /** Before the sandbox's identity server. */
  readonly identity: HarmfulProxy;
  readonly home = mkdtempSync(join(tmpdir(), "evergrant-chaos-"));
  readonly slots: NodeSlot[] = [];
  /** By node: its own way to the identity server. */
  readonly ways: HarmfulProxy[] = [];
  /** By node: what stands between it and each host of the store. */
  readonly storeProxies: HarmfulProxy[][] = [];
  postgres: PostgresPair | null = null;
  /** By how much the database's clock is ahead of the servers', as an interval. */
  setStoreClock: (by: string) => Promise<unknown> = async () => undefined;
  readonly #policy: ScaledPolicy;
  readonly #onExit = () => this.#endNow();

  private constructor(sandbox: Sandbox, identity: HarmfulProxy, policy: ScaledPolicy) {
    this.sandbox = sandbox;
    this.world = new World(sandbox, policy);
    this.identity = identity;
    this.#policy = policy;
    process.once("exit", this.#onExit);
  }

  static async start({ store, seed, policy }: FleetOptions, events: FleetEvents): Promise<Fleet> {
    const sandbox = await createSandbox({ seed, switches: SWITCHES[policy] });
    const fleet = new Fleet(sandbox, await HarmfulProxy.before(() => sandbox.port), policy);
    try {
      if (store === "postgres") await fleet.#startPostgres();
      // The first one makes the deployment; then the others find it.
      await fleet.#join(0, events);
      const others = Array.from({ length: NODES[store] - 1 }, (_, index) => index + 1);
      await Promise.all(others.map((node) => fleet.#join(node, events)));
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  get admin(): Admin {
    const [first] = this.slots;
    if (first === undefined) throw new Error("no node yet");
    return new Admin(first.url, this.#folder(0));
  }

  /** No more harm on any wire. */
  heal(): void {
    this.sandbox.control.clearFaults();
    for (const proxy of this.#proxies()) proxy.heal();
  }

  /** Tells every node to stop and waits until it has ended what it began; how each of them ended. */
  async drain(): Promise<readonly (number | string)[]> {
    return await Promise.all(this.slots.map((slot) => slot.drain()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.heal();
    await Promise.all(this.slots.map((slot) => slot.close()));
    for (const proxy of this.#proxies()) await proxy[Symbol.asyncDispose]();
    await this.postgres?.[Symbol.asyncDispose]();
    await this.world[Symbol.asyncDispose]();
    process.removeListener("exit", this.#onExit);
    rmSync(this.home, { recursive: true, force: true });
  }

  async #startPostgres(): Promise<void> {
    const pair = await startSynchronousPair();
    this.postgres = pair;
    this.setStoreClock = await settableClock("postgres", (sql) => pair.primary.query(sql));
  }

  async #join(node: number, events: FleetEvents): Promise<void> {
    const way = await HarmfulProxy.before(() => this.identity.port);
    this.ways[node] = way;
    const configuration = {
      folder: this.#folder(node),
      port: await lastingPort(),
      followClock: null,
      policy: this.#policy,
      shared: await this.#shared(node),
      way: { from: this.identity.port, to: way.port },
    } as const;
    this.slots[node] = await NodeSlot.open(configuration, {
      ended: (by, output) => events.ended(node, by, output),
      started: () => events.started(node),
    });
  }

  async #shared(node: number) {
    const { postgres } = this;
    if (postgres === null) return null;
    const servers = [postgres.first, postgres.second];
    const proxies = await Promise.all(servers.map((server) => HarmfulProxy.before(() => server.port)));
    this.storeProxies[node] = proxies;
    const hosts = proxies.map(({ port }) => `127.0.0.1:${port}`).join(",");
    const dsn = postgres.url().replace(/@[^/]+/, `@${hosts}`);
    return { dsn, kekFile: join(this.home, "kek"), publicUrl: this.slots[0]?.url ?? null };
  }

  #proxies(): readonly HarmfulProxy[] {
    return [this.identity, ...this.ways, ...this.storeProxies.flat()];
  }

  #folder(node: number): string {
    return join(this.home, `node-${node}`);
  }

  // The end of this process itself: nothing can be waited for.
  #endNow(): void {
    for (const slot of this.slots) slot?.endNow();
    for (const folder of [this.home, this.world.folder]) rmSync(folder, { recursive: true, force: true });
  }
}
