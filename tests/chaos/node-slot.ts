import { type KillPoint, type NodeConfiguration, NodeProcess } from "../kit/node-process.ts";
import { pause } from "./pause.ts";

/** What the keeper of a slot is told about its node. */
export interface SlotEvents {
  /** It ended, by a signal or with a code; "start": it did not come to be. */
  readonly ended: (by: number | string, output: string) => void;
  readonly started: () => void;
}

const RESTART_AFTER_MS = 150;

/** The place of one node: whenever its process ends it is started again, in the same folder and on the same port (never 0). */
export class NodeSlot {
  readonly url: string;
  readonly #configuration: NodeConfiguration;
  readonly #events: SlotEvents;
  #node: NodeProcess | null;
  #next: KillPoint | undefined;
  #closing = false;
  #deaths = 0;
  #kept: Promise<void>;

  private constructor(node: NodeProcess, configuration: NodeConfiguration, events: SlotEvents) {
    // Its own address: what a node calls its URL is the one that all share.
    this.url = `http://localhost:${configuration.port}`;
    this.#node = node;
    this.#configuration = configuration;
    this.#events = events;
    this.#kept = this.#keep(node);
  }

  static async open(configuration: NodeConfiguration, events: SlotEvents): Promise<NodeSlot> {
    return new NodeSlot(await NodeProcess.start(configuration), configuration, events);
  }

  /** Whether a process is there that has said it is ready. */
  get up(): boolean {
    return this.#node !== null;
  }

  /** How often its process ended so far. */
  get deaths(): number {
    return this.#deaths;
  }

  /** SIGKILL now; started again, perhaps to die inside a point. */
  async kill(next?: KillPoint): Promise<void> {
    this.#next = next;
    await this.#node?.kill();
  }

  freeze(): void {
    this.#node?.freeze();
  }

  thaw(): void {
    this.#node?.thaw();
  }

  /** Its clock is set otherwise; the answer sets it right again, unless the process has ended by then. */
  async leap(byMs: number): Promise<(() => Promise<void>) | undefined> {
    const node = this.#node;
    if (node === null || !node.alive) return undefined;
    await node.leap(byMs);
    return async () => {
      if (node.alive) await node.leap(-byMs);
    };
  }

  /** Ends the process at once, without waiting: for the end of this process itself. */
  endNow(): void {
    this.#closing = true;
    this.#node?.thaw();
    void this.#node?.kill();
  }

  /** Told to stop in order; how it ended. */
  async drain(): Promise<number | string> {
    this.#closing = true;
    const node = this.#node;
    if (node === null) return "was not there";
    await node.stop();
    return await node.ended;
  }

  async close(): Promise<void> {
    this.endNow();
    await this.#kept;
  }

  async #keep(first: NodeProcess): Promise<void> {
    let node: NodeProcess | null = first;
    while (!this.#closing) {
      if (node !== null) {
        const by = await node.ended;
        this.#node = null;
        if (this.#closing) return;
        this.#deaths += 1;
        this.#events.ended(by, node.output());
      }
      await pause(RESTART_AFTER_MS);
      node = await this.#start();
    }
    await node?.kill();
  }

  // A start may fail while the store is away: the next one follows.
  async #start(): Promise<NodeProcess | null> {
    if (this.#closing) return null;
    const kill = this.#next;
    this.#next = undefined;
    try {
      const node = await NodeProcess.start(this.#configuration, kill);
      this.#node = node;
      this.#events.started();
      return node;
    } catch (error) {
      const killed = String(error).includes("ended with SIGKILL");
      if (killed) this.#deaths += 1;
      this.#events.ended(killed ? "SIGKILL" : "start", String(error));
      return null;
    }
  }
}
