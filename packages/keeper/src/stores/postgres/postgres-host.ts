import pg from "pg";
import type { PostgresHost } from "./postgres-address.ts";
import type { PostgresLimits } from "./postgres-limits.ts";
import { numbersForBigints } from "./postgres-numbers.ts";

/** What a server says of itself. Timeline 0: it keeps none (another engine that speaks the protocol). */
export type HostRole =
  | { readonly kind: "primary"; readonly timeline: number }
  | { readonly kind: "standby" }
  | { readonly kind: "away"; readonly error: unknown };

/**
 * One row, `standby` and `timeline`: the timeline that is written now, which the control file learns of only at its next
 * checkpoint. https://www.postgresql.org/docs/18/functions-admin.html#FUNCTIONS-ADMIN-BACKUP-TABLE
 */
const ASK_ROLE =
  "select pg_is_in_recovery() as standby, case when pg_is_in_recovery() then null else substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end as timeline";

export function roleOf(row: { readonly standby?: unknown; readonly timeline?: unknown } | undefined): HostRole {
  if (row?.standby !== false) return { kind: "standby" };
  return { kind: "primary", timeline: Number.parseInt(String(row.timeline), 16) };
}

// undefined_function, insufficient_privilege, feature_not_supported, object_not_in_prerequisite_state: it has no timelines to tell of.
const NO_TIMELINES = new Set(["42883", "42501", "0A000", "55000"]);

/** The connections to one host. */
export class HostPool {
  readonly name: string;
  readonly #config: pg.PoolConfig & { readonly query_timeout: number };
  readonly #roles = new WeakMap<pg.PoolClient, HostRole>();
  readonly #probes: pg.Pool;
  #pool: pg.Pool;
  #timelines = true;

  constructor(host: PostgresHost, applicationName: string, limits: PostgresLimits) {
    this.name = host.name;
    this.#config = {
      connectionString: host.connectionString,
      application_name: applicationName,
      connectionTimeoutMillis: limits.connectMs,
      query_timeout: limits.answerMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      idleTimeoutMillis: 30_000,
      max: limits.connections,
      types: numbersForBigints,
    };
    this.#pool = quietPool(this.#config);
    // Beside the others: whether a host is there must not depend on how busy it is.
    this.#probes = quietPool({ ...this.#config, max: 1, query_timeout: limits.connectMs });
  }

  /** What every transaction is to ask first, of the server that it runs on; null where there are no timelines. */
  get asksRole(): string | null {
    return this.#timelines ? ASK_ROLE : null;
  }

  /** A connection out of the pool, with what its server said of itself when it was made. */
  async connect(): Promise<{ readonly client: pg.PoolClient; readonly role: HostRole }> {
    const client = await this.#pool.connect();
    const known = this.#roles.get(client);
    if (known !== undefined) return { client, role: known };
    try {
      const role = await this.#roleOf(client);
      this.#roles.set(client, role);
      return { client, role };
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  /** What the server is now; total. */
  async ask(): Promise<HostRole> {
    try {
      const client = await this.#probes.connect();
      let failed = true;
      try {
        const role = await this.#roleOf(client);
        failed = false;
        return role;
      } finally {
        client.release(failed);
      }
    } catch (error) {
      return { kind: "away", error };
    }
  }

  /** A connection outside of the pool; the caller ends it. */
  async dedicated(): Promise<pg.Client> {
    const client = new pg.Client(this.#config);
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }

  /** Ends its connections, those in use when they are given back. */
  drop(): void {
    if (this.#pool.totalCount === 0) return;
    const before = this.#pool;
    this.#pool = quietPool(this.#config);
    before.end().catch(() => undefined);
  }

  async end(): Promise<void> {
    await Promise.all([this.#pool.end(), this.#probes.end()]);
  }

  async #roleOf(client: pg.PoolClient): Promise<HostRole> {
    if (!this.#timelines) return { kind: "primary", timeline: 0 };
    try {
      return roleOf((await client.query(ASK_ROLE)).rows[0]);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || !NO_TIMELINES.has(error.code ?? "")) throw error;
      this.#timelines = false;
      return { kind: "primary", timeline: 0 };
    }
  }
}

// An idle connection that ends is simply not there any more: the pool makes another.
function quietPool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(config);
  pool.on("error", () => undefined);
  // The pool listens only while a connection is idle; an error that nobody hears would end the process.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}
