import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Limits } from "@evergrant/core";
import { createSandbox } from "@evergrant/sandbox";
import { type KillPoint, NodeProcess, type SharedConfiguration } from "./node-process.ts";
import { SWITCHES } from "./scaled-policy.ts";
import { type TokenBody, World } from "./world.ts";

/** Several real nodes over one Postgres, in real time with short lives; the first is a whole world, the others join it. */
export async function aCluster(dsn: string, nodes: number, limits: Partial<Limits> = {}): Promise<Cluster> {
  const sandbox = await createSandbox({ seed: 11, switches: SWITCHES.quick });
  const home = mkdtempSync(join(tmpdir(), "evergrant-cluster-"));
  const kekFile = join(home, "kek");
  const world = new World(sandbox, "quick", { dsn, kekFile, publicUrl: null, limits });
  const cluster = new Cluster(world, { dsn, kekFile, home, limits });
  await world.connected();
  for (let node = 1; node < nodes; node += 1) await cluster.join();
  return cluster;
}

export class Cluster implements AsyncDisposable {
  readonly world: World;
  readonly #shared: Omit<SharedConfiguration, "publicUrl"> & { readonly home: string };
  readonly others: NodeProcess[] = [];

  constructor(world: World, shared: Omit<SharedConfiguration, "publicUrl"> & { readonly home: string }) {
    this.world = world;
    this.#shared = shared;
  }

  get kekFile(): string {
    return this.#shared.kekFile;
  }

  get urls(): readonly string[] {
    return [this.world.url, ...this.others.filter((node) => node.alive).map((node) => node.url)];
  }

  /** One more node, with a folder of its own. */
  async join(kill?: KillPoint): Promise<NodeProcess> {
    const { home, ...store } = this.#shared;
    const folder = join(home, `node-${this.others.length + 1}`);
    const shared = { ...store, publicUrl: this.world.url };
    const node = await NodeProcess.start({ folder, port: 0, followClock: null, policy: "quick", shared }, kill);
    this.others.push(node);
    return node;
  }

  /** Asks one node for the token of `acme`. */
  async ask(url: string): Promise<{ status: number; body: TokenBody }> {
    const { clientId, clientSecret } = this.world.caller;
    const response = await fetch(`${url}/connections/acme/oauth2/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
    return { status: response.status, body: (await response.json()) as TokenBody };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.others) node.thaw();
    await Promise.all(this.others.map((node) => node.kill()));
    await this.world[Symbol.asyncDispose]();
    rmSync(this.#shared.home, { recursive: true, force: true });
  }
}
