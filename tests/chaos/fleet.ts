import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSandbox, type Sandbox } from "@evergrant/sandbox";
import { Admin } from "../kit/admin.ts";
import { type PostgresServer, startPostgres } from "../kit/postgres.ts";
import { SWITCHES } from "../kit/scaled-policy.ts";
import { World } from "../kit/world.ts";
import type { StoreKind } from "./harm-plan.ts";
import { HarmfulProxy } from "./harmful-proxy.ts";
import { lastingPort } from "./lasting-port.ts";
import { NodeSlot } from "./node-slot.ts";

/** What happens to the nodes, told as it happens. */
export interface FleetEvents {
  readonly ended: (node: number, by: number | string, output: string) => void;
  readonly started: (node: number) => void;
}

const NODES: { readonly [S in StoreKind]: number } = { postgres: 3, sqlite: 1 };

/** Real nodes over one store, a sandbox behind a proxy that harms, and, with Postgres, a proxy of its own before it for each node. */
export class Fleet implements AsyncDisposable {
  readonly sandbox: Sandbox;
  /** For what a person does: it opens links and gives consent. */
  readonly world: World;
  /** Before the sandbox's identity server. */
  readonly identity: HarmfulProxy;
  readonly home = mkdtempSync(join(tmpdir(), "evergrant-chaos-"));
  readonly slots: NodeSlot[] = [];
  readonly storeProxies: HarmfulProxy[] = [];
  postgres: PostgresServer | null = null;
  readonly #onExit = () => this.#endNow();

  private constructor(sandbox: Sandbox, identity: HarmfulProxy) {
    this.sandbox = sandbox;
    this.world = new World(sandbox, "quick");
    this.identity = identity;
    process.once("exit", this.#onExit);
  }

  static async start(options: { store: StoreKind; seed: number }, events: FleetEvents): Promise<Fleet> {
    const sandbox = await createSandbox({ seed: options.seed, switches: SWITCHES.quick });
    const fleet = new Fleet(sandbox, await HarmfulProxy.before(() => sandbox.port));
    try {
      if (options.store === "postgres") fleet.postgres = await startPostgres();
      for (let node = 0; node < NODES[options.store]; node += 1) await fleet.#join(node, events);
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

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of [this.identity, ...this.storeProxies]) proxy.heal();
    await Promise.all(this.slots.map((slot) => slot.close()));
    for (const proxy of [this.identity, ...this.storeProxies]) await proxy[Symbol.asyncDispose]();
    await this.postgres?.[Symbol.asyncDispose]();
    await this.world[Symbol.asyncDispose]();
    process.removeListener("exit", this.#onExit);
    rmSync(this.home, { recursive: true, force: true });
  }

  async #join(node: number, events: FleetEvents): Promise<void> {
    const configuration = {
      folder: this.#folder(node),
      port: await lastingPort(),
      followClock: null,
      policy: "quick",
      shared: await this.#shared(),
    } as const;
    const slot = await NodeSlot.open(configuration, {
      ended: (by, output) => events.ended(node, by, output),
      started: () => events.started(node),
    });
    this.slots.push(slot);
  }

  async #shared() {
    const { postgres } = this;
    if (postgres === null) return null;
    const proxy = await HarmfulProxy.before(() => postgres.port);
    this.storeProxies.push(proxy);
    const dsn = new URL(postgres.url());
    dsn.port = String(proxy.port);
    return { dsn: dsn.href, kekFile: join(this.home, "kek"), publicUrl: this.slots[0]?.url ?? null };
  }

  #folder(node: number): string {
    return join(this.home, `node-${node}`);
  }

  // The end of this process itself: nothing can be waited for.
  #endNow(): void {
    for (const slot of this.slots) slot.endNow();
    for (const folder of [this.home, this.world.folder]) rmSync(folder, { recursive: true, force: true });
  }
}
