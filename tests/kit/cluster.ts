import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Limits } from "@evergrant/core";
import { createSandbox } from "@evergrant/sandbox";
import { type KillPoint, type NodeConfiguration, NodeProcess } from "./node-process.ts";
import { type ScaledPolicy, SWITCHES } from "./scaled-policy.ts";
import { type TokenBody, World } from "./world.ts";

export interface ClusterOptions {
  readonly policy?: ScaledPolicy;
  /** Limits that differ from those of the policy. */
  readonly limits?: Partial<Limits>;
  /** The mail server by which the nodes tell people. */
  readonly mail?: string;
}

/** Several real nodes over one Postgres, in real time with short lives; the first is a whole world, the others join it. */
export async function aCluster(
  dsn: string,
  nodes: number,
  { policy = "quick", limits = {}, mail }: ClusterOptions = {},
): Promise<Cluster> {
  const sandbox = await createSandbox({ seed: 11, switches: SWITCHES[policy] });
  const home = mkdtempSync(join(tmpdir(), "evergrant-cluster-"));
  const kekFile = join(home, "kek");
  const world = new World(sandbox, policy, { dsn, kekFile, publicUrl: null, limits });
  world.mail = mail === undefined ? null : { url: mail };
  const cluster = new Cluster(world, { dsn, kekFile, home, policy, limits });
  await world.connected();
  await Promise.all(Array.from({ length: nodes - 1 }, () => cluster.join()));
  return cluster;
}

interface Shared {
  readonly dsn: string;
  readonly kekFile: string;
  readonly home: string;
  readonly policy: ScaledPolicy;
  readonly limits: Partial<Limits>;
}

/** What a node that joins has of its own. */
export interface Joining extends Pick<NodeConfiguration, "way" | "aheadMs"> {
  readonly dsn?: string;
}

export class Cluster implements AsyncDisposable {
  readonly world: World;
  readonly #shared: Shared;
  readonly others: NodeProcess[] = [];
  readonly #configurations = new Map<NodeProcess, NodeConfiguration>();
  #joined = 0;

  constructor(world: World, shared: Shared) {
    this.world = world;
    this.#shared = shared;
  }

  get kekFile(): string {
    return this.#shared.kekFile;
  }

  get urls(): readonly string[] {
    return [this.world.url, ...this.others.filter((node) => node.alive).map((node) => node.url)];
  }

  /** One more node, with a folder of its own; `dsn` where it reaches the database by another way. */
  async join(kill?: KillPoint, { dsn = this.#shared.dsn, ...own }: Joining = {}): Promise<NodeProcess> {
    const { kekFile, home, policy, limits } = this.#shared;
    this.#joined += 1;
    const folder = join(home, `node-${this.#joined}`);
    const shared = { dsn, kekFile, publicUrl: this.world.url, limits };
    const smtp = this.world.mail;
    return await this.#start({ folder, port: 0, followClock: null, policy, shared, smtp, ...own }, kill);
  }

  /** Starts a node that has ended again, in its folder. */
  async restart(node: NodeProcess): Promise<NodeProcess> {
    const configuration = this.#configurations.get(node);
    if (configuration === undefined) throw new Error("this node was never here");
    this.others.splice(this.others.indexOf(node), 1);
    return await this.#start({ ...configuration, port: Number(new URL(node.url).port) });
  }

  /** Asks one node for a token, of `acme` unless said otherwise. */
  async ask(url: string, connection = "acme"): Promise<{ status: number; body: TokenBody }> {
    const { clientId, clientSecret } = this.world.caller;
    const response = await fetch(`${url}/connections/${connection}/oauth2/token`, {
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

  async #start(configuration: NodeConfiguration, kill?: KillPoint): Promise<NodeProcess> {
    const node = await NodeProcess.start(configuration, kill);
    this.others.push(node);
    this.#configurations.set(node, configuration);
    return node;
  }
}
