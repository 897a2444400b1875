import { type GrantId, remainingMs } from "@evergrant/core";
import type { AppDirectory } from "./app-directory.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import type { LiveTokens } from "./live-tokens.ts";
import type { ServiceContext } from "./service-context.ts";

/**
 * Whether a node that can start no refresh still has something to hand out: one valid token of any connection that may be used, in
 * memory or else in the store, where it may lie since before a start, or since another node put it there.
 */
export class ServingWatch {
  readonly #context: ServiceContext;
  readonly #apps: AppDirectory;
  readonly #connections: ConnectionDirectory;
  readonly #live: LiveTokens;
  readonly #warm: (grant: GrantId) => Promise<void>;
  #looking: Promise<boolean> | null = null;
  #restsUntilMs = 0;

  constructor(
    context: ServiceContext,
    parts: {
      apps: AppDirectory;
      connections: ConnectionDirectory;
      live: LiveTokens;
      /** Brings what the store has of a grant into memory. */
      warm: (grant: GrantId) => Promise<void>;
    },
  ) {
    this.#context = context;
    this.#apps = parts.apps;
    this.#connections = parts.connections;
    this.#live = parts.live;
    this.#warm = parts.warm;
  }

  /** Asks the store only where memory holds nothing, and seldom; whoever asks meanwhile waits for the same look. */
  async hasToken(): Promise<boolean> {
    if (this.#holds()) return true;
    if (this.#looking === null && this.#context.time.wallMs() < this.#restsUntilMs) return false;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return await this.#looking;
  }

  async #look(): Promise<boolean> {
    const { limits, time } = this.#context;
    this.#restsUntilMs = time.wallMs() + limits.authzMaxStaleMs;
    try {
      for (const { app, grant } of this.#connections.usable().slice(0, LOOKED_AT)) {
        await this.#apps.get(app);
        await this.#warm(grant);
        if (this.#holds()) return true;
      }
    } catch {
      // A store that is away has nothing to hand out.
    }
    return false;
  }

  #holds(): boolean {
    const nowMs = this.#context.clock.latestMs();
    return this.#connections.usable().some(({ app, grant }) => {
      const live = this.#live.get(grant);
      const timing = this.#apps.peek(app)?.timing;
      return live !== undefined && timing !== undefined && remainingMs(live.facts, nowMs, timing) > 0;
    });
  }
}

/** So many connections are looked at in the store: one that has a token is enough. */
const LOOKED_AT = 100;
