import type { ColumnDataType, ColumnDefinitionBuilder, SelectQueryBuilder, Transaction } from "kysely";
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
  /** Whether an error of the driver says that the database does not answer, not that a statement was wrong. */
  isUnavailable(error: unknown): boolean;
}
