import type { Timer } from "../ports/time.ts";
import type { AppDirectory } from "./app-directory.ts";
import type { CallerDesk } from "./callers.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import type { ServiceContext } from "./service-context.ts";

/**
 * Where several nodes share a store: looks for changes to callers, permissions, connections and apps, so that a disabling on one node
 * reaches the others within the authorization limit. While the store is away, what is in memory goes on to count.
 */
export class AuthorizationWatch {
  readonly #context: ServiceContext;
  readonly #callers: CallerDesk;
  readonly #connections: ConnectionDirectory;
  readonly #apps: AppDirectory;
  #epoch = -1;
  #timer: Timer | null = null;
  #stopped = false;
  #endHints: () => void = () => undefined;

  constructor(
    context: ServiceContext,
    parts: { callers: CallerDesk; connections: ConnectionDirectory; apps: AppDirectory },
  ) {
    this.#context = context;
    this.#callers = parts.callers;
    this.#connections = parts.connections;
    this.#apps = parts.apps;
  }

  /** Loads everything once; and again at each change, where others may make one. */
  async start(): Promise<void> {
    await this.#load();
    const { shared } = this.#context;
    if (shared === null) return;
    this.#endHints = shared.onHint(() => void this.#lookNow());
    this.#again(shared.pace);
  }

  /** For a store that went back: its epoch may be the one we know, and mean something else. */
  forget(): void {
    this.#epoch = -1;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#endHints();
  }

  #lookNow(): Promise<void> {
    return this.#look().catch((error: unknown) =>
      this.#context.report({ what: "authorization", subject: "epoch", error }),
    );
  }

  // Half the limit, so that a look which comes just too early is still in time the next time.
  #again(pace: { setTimer(delayMs: number, fire: () => void): Timer }): void {
    if (this.#stopped) return;
    this.#timer = pace.setTimer(this.#context.limits.authzMaxStaleMs / 2, () => {
      void this.#lookNow().finally(() => this.#again(pace));
    });
  }

  async #look(): Promise<void> {
    const epoch = await this.#context.store.callers.epoch();
    if (epoch !== this.#epoch) await this.#load();
  }

  // The epoch is read first: a change that comes while the rest is loaded is found at the next look.
  async #load(): Promise<void> {
    const epoch = await this.#context.store.callers.epoch();
    await this.#apps.load();
    await this.#connections.load();
    await this.#callers.load();
    this.#epoch = epoch;
  }
}
