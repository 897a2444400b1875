import type { ColumnDataType, ColumnDefinitionBuilder, Kysely, SelectQueryBuilder, Transaction } from "kysely";
import type { Tables } from "./tables.ts";

/** What differs from one SQL database to the next; the queries themselves are shared. */
export interface SqlFacts {
  /** The store's own time, in which leases are counted, milliseconds since the epoch. */
  nowMs(trx: Transaction<Tables>): Promise<number>;
  /** Makes the rows read stay as they are until the transaction ends (`FOR UPDATE`, or nothing where transactions exclude each other). */
  lockRows<Table extends keyof Tables, Row>(
    query: SelectQueryBuilder<Tables, Table, Row>,
  ): SelectQueryBuilder<Tables, Table, Row>;
  /** Leaves out the rows that somebody is working on (`FOR UPDATE SKIP LOCKED`, or nothing). */
  skipLocked<Table extends keyof Tables, Row>(
    query: SelectQueryBuilder<Tables, Table, Row>,
  ): SelectQueryBuilder<Tables, Table, Row>;
  /** A primary key that counts by itself. */
  readonly identity: {
    readonly type: ColumnDataType;
    readonly define: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;
  };
  /** The names of a table's columns; none where there is no such table. */
  columnsOf(db: Kysely<Tables>, table: string): Promise<readonly string[]>;
  /** Makes every other node that wants to change the schema wait until the transaction ends. */
  lockSchema(trx: Transaction<Tables>): Promise<void>;
  /** Tells the other nodes, once this is committed, that callers, permissions or connections changed. A hint: it may get lost. */
  hint(trx: Transaction<Tables>): Promise<void>;
  /** Whether a transaction that failed so did nothing, and may go better if it is repeated at once. */
  mayGoBetter(error: unknown): boolean;
  /** Whether an error of the driver says that the database does not answer, not that a statement was wrong. */
  isUnavailable(error: unknown): boolean;
}
