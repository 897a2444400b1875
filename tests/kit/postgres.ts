import { type PostgresOptions, PostgresServer } from "./postgres/server.ts";
import { until } from "./postgres/waiting.ts";

export { SUPERUSER } from "./postgres/server.ts";
export type { PostgresOptions, PostgresServer };

/** Starts a real Postgres out of the npm package, as any user, on a free port of loopback. It goes with its disposal. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const server = new PostgresServer();
  try {
    server.initialise(options);
    await server.start();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

const STANDBY = "standby";
const STREAMS = "select count(*)::int as n from pg_stat_replication where state = 'streaming'";

/** A primary and a standby that follows it, each a server of its own, and one address that names both. */
export class PostgresPair implements AsyncDisposable {
  readonly #first: PostgresServer;
  readonly #second: PostgresServer;
  #primary: PostgresServer;

  constructor(first: PostgresServer, second: PostgresServer) {
    this.#first = first;
    this.#second = second;
    this.#primary = first;
  }

  /** The one that began as primary. */
  get first(): PostgresServer {
    return this.#first;
  }

  /** The one that began as standby. */
  get second(): PostgresServer {
    return this.#second;
  }

  /** The one that was promoted last. */
  get primary(): PostgresServer {
    return this.#primary;
  }

  /** The other one: it follows the primary, or was the primary before. */
  get other(): PostgresServer {
    return this.#primary === this.#first ? this.#second : this.#first;
  }

  /** One address with both hosts. */
  url(database = "postgres"): string {
    const both = `127.0.0.1:${this.#first.port},127.0.0.1:${this.#second.port}`;
    return this.#first.url(database).replace(/@[^/]+/, `@${both}`);
  }

  async killPrimary(): Promise<void> {
    await this.#primary.kill();
  }

  /** Makes the standby the primary of the next timeline. */
  async promote(): Promise<void> {
    await this.other.query("select pg_promote(true, 30)");
    this.#primary = this.other;
  }

  /** Starts the old primary again just as it was: nothing tells it that there is a new one. */
  async revive(): Promise<void> {
    await this.other.start();
  }

  /** Makes the old primary, whose process has ended, the synchronous standby of the new one, with a copy of its data. */
  async rebuild(): Promise<void> {
    await this.other.copyFrom(this.#primary, STANDBY);
    await this.other.start();
    await this.beSynchronous();
  }

  /** From now on the primary acknowledges a commit once the standby has it on disk. */
  async beSynchronous(): Promise<void> {
    // Only once there is a standby: before, every commit would wait for it.
    await until(async () => (await this.#primary.query(STREAMS))[0]?.["n"] === 1);
    this.#primary.configure({ synchronous_standby_names: STANDBY });
    await this.#primary.query("select pg_reload_conf()");
    const isSynchronous = "select count(*)::int as n from pg_stat_replication where sync_state = 'sync'";
    await until(async () => (await this.#primary.query(isSynchronous))[0]?.["n"] === 1);
  }

  /** Waits until the standby has everything that the primary has. */
  async caughtUp(): Promise<void> {
    const [row] = await this.#primary.query("select pg_current_wal_flush_lsn()::text as at");
    await until(async () => {
      const [is] = await this.other.query(`select pg_last_wal_replay_lsn() >= '${row?.["at"]}'::pg_lsn as there`);
      return is?.["there"] === true;
    });
  }

  /** Cuts the standby off: what the primary acknowledges from now on, without waiting for it, only the primary has. */
  async cutOff(): Promise<void> {
    this.other.configure({ primary_conninfo: "" });
    await this.other.query("select pg_reload_conf()");
    await until(async () => (await this.#primary.query(STREAMS))[0]?.["n"] === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#second[Symbol.asyncDispose]();
    await this.#first[Symbol.asyncDispose]();
  }
}

/** A pair whose primary acknowledges a commit once the standby has it on disk: nothing acknowledged is lost with it. */
export async function startSynchronousPair(options: PostgresOptions = {}): Promise<PostgresPair> {
  const pair = await startAsynchronousPair(options);
  try {
    await pair.beSynchronous();
    return pair;
  } catch (error) {
    await pair[Symbol.asyncDispose]();
    throw error;
  }
}

/** A pair whose primary waits for nobody: its last moments are lost with it. */
export async function startAsynchronousPair(options: PostgresOptions = {}): Promise<PostgresPair> {
  const replication = { wal_keep_size: "256MB", hot_standby: "on", wal_retrieve_retry_interval: "100ms" };
  const first = await startPostgres({ settings: { ...replication, ...options.settings } });
  const second = new PostgresServer();
  try {
    await second.copyFrom(first, STANDBY);
    await second.start();
    await until(async () => (await first.query(STREAMS))[0]?.["n"] === 1);
    return new PostgresPair(first, second);
  } catch (error) {
    await second[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    throw error;
  }
}
