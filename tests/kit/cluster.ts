import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSandbox } from "@evergrant/sandbox";
import { type KillPoint, NodeProcess } from "./node-process.ts";
import { SWITCHES } from "./scaled-policy.ts";
import { type TokenBody, World } from "./world.ts";

/** Several real nodes over one Postgres, in real time with short lives; the first is a whole world, the others join it. */
export async function aCluster(dsn: string, nodes: number): Promise<Cluster> {
  const sandbox = await createSandbox({ seed: 11, switches: SWITCHES.quick });
  const home = mkdtempSync(join(tmpdir(), "evergrant-cluster-"));
  const kekFile = join(home, "kek");
  const world = new World(sandbox, "quick", { dsn, kekFile, publicUrl: null });
  const cluster = new Cluster(world, { dsn, kekFile, home });
  await world.connected();
  for (let node = 1; node < nodes; node += 1) await cluster.join();
  return cluster;
}

export class Cluster implements AsyncDisposable {
  readonly world: World;
  readonly #shared: { readonly dsn: string; readonly kekFile: string; readonly home: string };
  readonly others: NodeProcess[] = [];

  constructor(world: World, shared: { dsn: string; kekFile: string; home: string }) {
    this.world = world;
    this.#shared = shared;
  }

  get urls(): readonly string[] {
    return [this.world.url, ...this.others.filter((node) => node.alive).map((node) => node.url)];
  }

  /** One more node, with a folder of its own. */
  async join(kill?: KillPoint): Promise<NodeProcess> {
    const { dsn, kekFile, home } = this.#shared;
    const folder = join(home, `node-${this.others.length + 1}`);
    const shared = { dsn, kekFile, publicUrl: this.world.url };
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
