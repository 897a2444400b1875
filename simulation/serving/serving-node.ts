import { DEFAULT_LIMITS, type Ending, type NodeId, Secret } from "@evergrant/core";
import {
  type Keeper,
  type MemoryDatabase,
  NodeClock,
  type RunningKeeper,
  type TokenEndpoint,
} from "@evergrant/keeper/parts";
import { type Stream, stream } from "../world/chance.ts";
import type { Clock } from "../world/clock.ts";
import { Disk } from "../world/disk.ts";
import { challengeOf, keeperOver, simulatedProvider } from "../world/keeper-process.ts";
import { Machine } from "../world/machine.ts";
import { MODES, type ModeName } from "../world/modes.ts";
import { provenanceOf, watchedJournal } from "../world/provenance.ts";
import type { Provider } from "../world/provider.ts";
import type { Vault } from "../world/vault.ts";

/** What the nodes of one serving world have in common. */
export interface Shared {
  readonly seed: number;
  readonly mode: ModeName;
  readonly clock: Clock;
  readonly provider: Provider;
  readonly vault: Vault;
  readonly database: MemoryDatabase;
}

/** A node that serves: the real service on a clock that is moved. Its memory ends with each life, its disk does not. */
export class ServingNode {
  readonly name: string;
  readonly #shared: Shared;
  readonly #machine: Machine;
  readonly #disk: Disk;
  readonly #chance: Stream;
  #running: RunningKeeper;

  constructor(shared: Shared, index: number) {
    this.name = `node-${index}`;
    this.#shared = shared;
    this.#machine = new Machine(shared.clock, index, { offsetMs: 0, drift: 0 });
    this.#disk = new Disk(stream(shared.seed, `disk-${index}`));
    this.#chance = stream(shared.seed, `serving-node-${index}`);
    this.#running = this.#begin();
  }

  get keeper(): Keeper {
    return this.#running.keeper;
  }

  start(): Promise<void> {
    return this.#running.start();
  }

  /** The process is killed; another begins, with an empty memory. */
  restart(): Promise<void> {
    this.#machine.kill();
    this.#disk.crash();
    this.#running = this.#begin();
    return this.#running.start();
  }

  #begin(): RunningKeeper {
    const { database, vault, provider, mode } = this.#shared;
    const machine = this.#machine;
    const life = machine.begin();
    const node = this.name as NodeId;
    const journal = watchedJournal(node, this.#disk, {
      machine,
      life,
      rates: () => ({}),
      onDurable: () => undefined,
    });
    const time = machine.timeOf(life);
    const ports = {
      node,
      life: life.number,
      ...{ time, clock: new NodeClock(time, DEFAULT_LIMITS) },
      chance: this.#chance,
      store: database.storeOf(node, () => journal.mark()),
      journal,
      provenance: provenanceOf(this.#disk, journal, false),
      tokenEndpoint: this.#endpoint(),
      vault,
      provider,
      reached: () => undefined,
      report: () => undefined,
      isShared: true,
      onNewPrimary: () => () => undefined,
      paceStretch: () => 1,
      apiAnswers: () => true,
      overWire: <T>(work: () => Promise<T>) => work(),
    };
    return keeperOver(ports, new Map([["simulated", simulatedProvider(MODES[mode], "xero")]]));
  }

  // One answer in twenty is lost after the provider has done its work.
  #endpoint(): TokenEndpoint {
    const { provider } = this.#shared;
    return {
      send: async (request, sent) => {
        sent();
        const { grant } = request;
        const challenge = grant.kind === "authorization_code" ? challengeOf(grant.codeVerifier) : null;
        const { status, body } = provider.execute(request, challenge);
        if (grant.kind === "refresh_token" && this.#chance.happens(0.05))
          return { kind: "broken", bytesSent: true, reason: "ECONNRESET" };
        return {
          kind: "answered",
          status,
          body: new Secret(body),
          retryAfterMs: null,
          serverDateMs: null,
        } satisfies Ending;
      },
      revoke: async ({ clientId, token }) => {
        provider.revokeByClient(clientId, token.reveal());
        return "done";
      },
    };
  }
}
