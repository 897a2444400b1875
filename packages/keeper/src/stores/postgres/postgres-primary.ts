import { EvergrantError } from "@evergrant/core";
import type pg from "pg";
import type { Time } from "../../ports/time.ts";
import type { PostgresAddress } from "./postgres-address.ts";
import { PostgresAway } from "./postgres-failure.ts";
import { HostPool, type HostRole } from "./postgres-host.ts";
import type { PostgresLimits } from "./postgres-limits.ts";

/** The highest timeline that was ever written to, kept by the caller across restarts. */
export interface TimelineMemory {
  /** 0 where nothing is known yet. */
  readonly highest: number;
  /** Awaited before anything is written to this timeline. */
  raise(timeline: number): Promise<void>;
}

export interface PrimaryConnection {
  readonly client: pg.PoolClient;
  /** What every transaction asks first: the answer is for `admits`. Null where there are no timelines. */
  readonly asksRole: string | null;
}

export interface PrimaryOptions {
  readonly address: PostgresAddress;
  readonly applicationName: string;
  readonly time: Time;
  readonly limits: PostgresLimits;
  readonly memory: TimelineMemory;
}

// Once one primary has answered, the others have this long to say that they are one too, of a later timeline.
const OTHERS_WITHIN_MS = 1_000;

/** Finds the primary among the hosts, follows it when it changes, and never goes back to an earlier timeline. */
export class PostgresPrimary {
  readonly #hosts: readonly HostPool[];
  readonly #options: PrimaryOptions;
  #highest: number;
  #raising: Promise<void> = Promise.resolve();
  #chosen: HostPool | null = null;
  #looking: Promise<HostPool> | null = null;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: PrimaryOptions) {
    this.#options = options;
    this.#highest = options.memory.highest;
    this.#hosts = options.address.hosts.map((host) => new HostPool(host, options.applicationName, options.limits));
  }

  get limits(): PostgresLimits {
    return this.#options.limits;
  }

  /** The hosts, for people. */
  get names(): string {
    return this.#hosts.map(({ name }) => name).join(", ");
  }

  /** A connection to the primary for one user at a time, who gives it back with `client.release`. */
  async connect(): Promise<PrimaryConnection> {
    for (let tries = 1; ; tries += 1) {
      const host = this.#chosen ?? (await this.#look());
      this.#lookAgain();
      try {
        const { client, role } = await host.connect();
        if (await this.#accepts(role, client)) return { client, asksRole: host.asksRole };
        throw new PostgresAway("connecting", new Error(`${host.name} is not the primary any more`));
      } catch (error) {
        if (this.#chosen === host) this.#chosen = null;
        if (tries === 2 || this.#hosts.length === 1) throw away(error);
      }
    }
  }

  /**
   * Asked of every transaction, with what its own server says: whether it may write there. A pooler in between can change the
   * server under an open connection.
   */
  async admits(role: HostRole): Promise<boolean> {
    if (role.kind === "primary" && role.timeline > this.#highest) await this.#raise(role.timeline);
    const admitted = role.kind === "primary" && role.timeline >= this.#highest;
    if (!admitted) this.#chosen = null;
    return admitted;
  }

  /** Whether nobody has seen a later primary since: asked right before a commit. */
  isLatest(timeline: number): boolean {
    return timeline >= this.#highest;
  }

  /** Something went wrong with a connection: the next one looks for the primary anew. */
  forget(): void {
    this.#chosen = null;
  }

  /** A connection of its own, outside of the pool, to the primary; the caller ends it. */
  async dedicated(): Promise<pg.Client> {
    return (this.#chosen ?? (await this.#look())).dedicated();
  }

  async end(): Promise<void> {
    await this.#looking?.catch(() => undefined);
    await Promise.all(this.#hosts.map((host) => host.end()));
  }

  async #accepts(role: HostRole, client: pg.PoolClient): Promise<boolean> {
    const admitted = await this.admits(role).catch((error: unknown) => {
      client.release(true);
      throw error;
    });
    if (!admitted) client.release(true);
    return admitted;
  }

  // Remembered elsewhere before it counts here: after a restart nobody may know less than what was written to.
  #raise(timeline: number): Promise<void> {
    const raising = this.#raising.then(async () => {
      if (timeline <= this.#highest) return;
      await this.#options.memory.raise(timeline);
      this.#highest = timeline;
    });
    this.#raising = raising.catch(() => undefined);
    return raising;
  }

  #lookAgain(): void {
    const sinceMs = this.#options.time.monotonicMs() - this.#lookedAtMs;
    if (this.#hosts.length > 1 && sinceMs >= this.#options.limits.lookAgainMs) this.#look().catch(() => undefined);
  }

  #look(): Promise<HostPool> {
    this.#lookedAtMs = this.#options.time.monotonicMs();
    this.#looking ??= this.#choose().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #choose(): Promise<HostPool> {
    const answers = await this.#askAll();
    const primaries = answers.flatMap(({ host, role }) => (role.kind === "primary" ? [{ host, ...role }] : []));
    const best = primaries.toSorted((a, b) => b.timeline - a.timeline)[0];
    if (best === undefined) throw noPrimary(answers);
    if (!(await this.admits(best)))
      throw new PostgresAway(
        "connecting",
        new Error(`${best.host.name} is a primary of timeline ${best.timeline}, but ${this.#highest} was seen already`),
      );
    for (const host of this.#hosts) if (host !== best.host) host.drop();
    this.#chosen = best.host;
    return best.host;
  }

  // All of them, but nobody waits for a dead host once a primary has answered.
  async #askAll(): Promise<readonly Answer[]> {
    const answers: Answer[] = [];
    const enough = Promise.withResolvers<void>();
    const timers: { cancel(): void }[] = [];
    const asked = this.#hosts.map(async (host) => {
      const role = await host.ask();
      answers.push({ host, role });
      if (role.kind === "primary") timers.push(this.#options.time.setTimer(OTHERS_WITHIN_MS, enough.resolve));
    });
    await Promise.race([Promise.all(asked), enough.promise]);
    for (const timer of timers) timer.cancel();
    return [...answers];
  }
}

interface Answer {
  readonly host: HostPool;
  readonly role: HostRole;
}

function noPrimary(answers: readonly Answer[]): PostgresAway {
  const said = answers.map(
    ({ host, role }) => `${host.name}: ${role.kind === "away" ? messageOf(role.error) : role.kind}`,
  );
  const only = answers[0]?.role;
  const cause =
    answers.length === 1 && only?.kind === "away" ? only.error : new Error(`no primary (${said.join("; ")})`);
  return new PostgresAway("connecting", cause);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

function away(error: unknown): unknown {
  return error instanceof PostgresAway || error instanceof EvergrantError
    ? error
    : new PostgresAway("connecting", error);
}
