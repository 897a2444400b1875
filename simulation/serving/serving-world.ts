import { type CallerId, EvergrantError, type NodeId, Secret } from "@evergrant/core";
import { type MemoryDatabase, memoryDatabase } from "@evergrant/keeper/parts";
import { type Stream, stream } from "../world/chance.ts";
import { Clock } from "../world/clock.ts";
import { MODES, type ModeName, switchesOf } from "../world/modes.ts";
import { deploymentAt } from "../world/provenance.ts";
import { CLIENT_ID, FIRST_SECRET, Provider, SCOPES } from "../world/provider.ts";
import { Vault } from "../world/vault.ts";
import { START_MS } from "../world/world.ts";
import { Ownership } from "./ownership.ts";
import { ServingNode } from "./serving-node.ts";

export const APP = "app";
const SETTLED_WITHIN_MS = 15_000;

/** A caller as its owners know it. */
export interface KnownCaller {
  readonly id: CallerId;
  readonly secret: Secret;
  readonly rights: Set<string>;
}

export interface Served {
  readonly requests: number;
  readonly served: number;
  /** Tokens of somebody else, each in words. */
  readonly foreign: readonly string[];
  readonly refusals: Readonly<Record<string, number>>;
}

/** Two nodes over one store, people who consent, and callers who ask: who gets whose token is written down beside them. */
export class ServingWorld {
  readonly chance: Stream;
  readonly clock: Clock;
  readonly provider: Provider;
  readonly ownership = new Ownership();
  readonly nodes: readonly ServingNode[];
  readonly people: readonly string[];
  readonly callers: KnownCaller[] = [];
  readonly connections = new Set<string>();
  readonly #database: MemoryDatabase;
  readonly #foreign: string[] = [];
  readonly #refusals: Record<string, number> = {};
  #requests = 0;
  #served = 0;

  private constructor(seed: number, mode: ModeName) {
    this.chance = stream(seed, "serving");
    this.clock = new Clock(START_MS, stream(seed, "ties"));
    this.provider = new Provider(() => this.clock.nowMs, switchesOf(MODES[mode], "xero"));
    const storeTime = {
      wallMs: () => this.clock.nowMs,
      monotonicMs: () => this.clock.nowMs,
      setTimer: () => ({ cancel: () => undefined }),
    };
    this.#database = memoryDatabase({ time: storeTime });
    const { clock, provider } = this;
    const shared = { seed, mode, clock, provider, vault: new Vault(), database: this.#database };
    this.nodes = [0, 1].map((index) => new ServingNode(shared, index));
    this.people = ["ann", "bob", "cyd", "dee", "eve"];
    for (const person of this.people) this.provider.addPerson(person);
  }

  static async of(seed: number, mode: ModeName): Promise<ServingWorld> {
    const world = new ServingWorld(seed, mode);
    await world.#database.storeOf("set-up" as NodeId).deployment.create(deploymentAt(START_MS));
    for (const node of world.nodes) await world.settled(node.start());
    const { keeper } = world.node;
    await world.settled(
      keeper.apps.add({
        ...{ name: APP, provider: "simulated", clientId: CLIENT_ID, clientSecret: new Secret(FIRST_SECRET) },
        ...{ scopes: SCOPES, origins: null, by: "operator" },
      }),
    );
    for (let index = 0; index < 6; index += 1) {
      const added = await world.settled(
        keeper.callers.add({ name: `caller-${index}`, permissions: [], by: "operator" }),
      );
      world.callers.push({ id: added.caller.id, secret: added.clientSecret, rights: new Set() });
    }
    return world;
  }

  /** The node that operators and people happen to reach. */
  get node(): ServingNode {
    return this.chance.pick(this.nodes);
  }

  get told(): Served {
    return { requests: this.#requests, served: this.#served, foreign: this.#foreign, refusals: this.#refusals };
  }

  async create(node: ServingNode, connection: string): Promise<void> {
    await this.settled(
      node.keeper.connections.create({ name: connection, app: APP, expectedTenant: null, by: "operator" }),
    );
    this.connections.add(connection);
  }

  /** Lets time pass until the work is done, a bounded while. */
  async settled<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const ended = work.finally(() => {
      over = true;
    });
    ended.catch(() => undefined);
    const untilMs = this.clock.nowMs + 20 * SETTLED_WITHIN_MS;
    for (let stepMs = 0; !over; stepMs = Math.min(1_000, stepMs + 20)) {
      if (this.clock.nowMs > untilMs) throw new Error("this takes too long");
      await this.clock.runUntil(this.clock.nowMs + stepMs);
    }
    return await ended;
  }

  /** So many requests at once, by whomever for whatever, at whichever node. */
  async requests(count: number): Promise<void> {
    const names = [...this.connections];
    if (names.length === 0) return;
    const asked = Array.from({ length: count }, () => {
      const caller = this.chance.pick(this.callers);
      const own = [...caller.rights];
      // Mostly what he is permitted to: what is refused anyway proves less.
      const connection = this.chance.pick(own.length > 0 && this.chance.happens(0.8) ? own : names);
      return this.#request(this.node, caller, connection);
    });
    await this.settled(Promise.all(asked));
  }

  // The way of the token endpoint: who asks, may he, and then the token.
  async #request(node: ServingNode, caller: KnownCaller, connection: string): Promise<void> {
    const askedAtMs = this.clock.nowMs;
    this.#requests += 1;
    try {
      const { callers, connections, tokens } = node.keeper;
      const credential = { kind: "secret", clientId: caller.id, secret: caller.secret } as const;
      const principal = await callers.authenticate(credential, null);
      const id = connections.idOf(connection);
      if (id === undefined || !principal.may("token", id)) throw new EvergrantError("connection_not_available");
      const { accessToken } = await tokens.accessToken(id);
      const person = this.provider.accessFacts(accessToken.reveal())?.person ?? null;
      this.#served += 1;
      if (this.ownership.allows({ node: node.name, caller: caller.id, connection, person, askedAtMs })) return;
      this.#foreign.push(`${node.name} gave ${caller.id} a token of ${person} for ${connection} at ${askedAtMs}`);
    } catch (error) {
      if (!(error instanceof EvergrantError)) throw error;
      this.#refusals[error.code] = (this.#refusals[error.code] ?? 0) + 1;
    }
  }
}
