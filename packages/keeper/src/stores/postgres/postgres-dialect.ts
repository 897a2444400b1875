import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from "kysely";
import { PostgresConnection } from "./postgres-connection.ts";
import type { PostgresLimits } from "./postgres-limits.ts";
import type { PostgresPrimary } from "./postgres-primary.ts";

/**
 * Kysely over the primary of a Postgres. Kysely's own driver has nobody to ask which host that is, no limit for a commit that
 * hangs, and takes a commit for done that the server warned of.
 */
export function postgresDialect(primary: PostgresPrimary, limits: PostgresLimits): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PostgresDriver(primary, limits),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

class PostgresDriver implements Driver {
  readonly #primary: PostgresPrimary;
  readonly #limits: PostgresLimits;

  constructor(primary: PostgresPrimary, limits: PostgresLimits) {
    this.#primary = primary;
    this.#limits = limits;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new PostgresConnection(await this.#primary.connect(), this.#primary, this.#limits);
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await ours(connection).begin();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await ours(connection).commit();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await ours(connection).rollback();
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    ours(connection).release();
  }

  async destroy(): Promise<void> {
    await this.#primary.end();
  }
}

function ours(connection: DatabaseConnection): PostgresConnection {
  if (connection instanceof PostgresConnection) return connection;
  throw new TypeError("a connection of another driver");
}
