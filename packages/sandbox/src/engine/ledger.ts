import { type Connection, TABLES, type TableName, type Tables } from "./rows.ts";

export interface Change {
  readonly table: TableName;
  readonly key: string;
  /** undefined: the row is gone. */
  readonly row: Tables[TableName] | undefined;
}

/** Reads of the ledger. */
export interface LedgerView {
  get<T extends TableName>(table: T, key: string): Tables[T] | undefined;
  all<T extends TableName>(table: T): IterableIterator<Tables[T]>;
  /** One person's rows of `connections`, those that ended as well; asked at each call of the API, and there may be very many. */
  connectionsOf(userId: string): readonly Connection[];
}

/** The ledger inside one transaction: reads see its own writes. */
export interface Draft extends LedgerView {
  put<T extends TableName>(table: T, key: string, row: Tables[T]): void;
  remove(table: TableName, key: string): void;
  clear(table: TableName): void;
}

/** All rows in memory. Changes are taken only after `persist` has returned. */
export interface Ledger extends LedgerView {
  /** The rows of a table with their keys, in order. */
  entries<T extends TableName>(table: T): IterableIterator<[string, Tables[T]]>;
  transact<R>(work: (draft: Draft) => R): R;
  /** All rows give way to these, in their order; `write` stores that, and if it throws, nothing has happened. */
  replaceAll(rows: readonly Change[], write: (changes: readonly Change[]) => void): void;
}

interface Rows {
  readonly tables: { [T in TableName]: Map<string, Tables[T]> };
  /** The keys of each person's connections. */
  readonly connectionKeys: Map<string, Set<string>>;
}
type Written = Map<string, Tables[TableName] | undefined>;

/** Makes a ledger from stored rows. `persist` writes one transaction's changes; if it throws, nothing has happened. */
export function createLedger(stored: Iterable<Change>, persist: (changes: readonly Change[]) => void): Ledger {
  const rows: Rows = { tables: emptyTables<Rows["tables"]>(), connectionKeys: new Map() };
  const { tables } = rows;
  const removals = (): readonly Change[] =>
    TABLES.flatMap((table) => [...tables[table].keys()].map((key) => ({ table, key, row: undefined })));
  for (const change of stored) apply(rows, change);
  return {
    ...viewOf(rows),
    entries: (table) => tables[table].entries(),
    transact(work) {
      const { draft, changes } = draftOf(rows);
      const result = work(draft);
      const made = changes();
      if (made.length > 0) persist(made);
      for (const change of made) apply(rows, change);
      return result;
    },
    replaceAll(wanted, write) {
      const changes = [...removals(), ...wanted];
      write(changes);
      for (const change of changes) apply(rows, change);
    },
  };
}

const emptyTables = <M>(): M => Object.fromEntries(TABLES.map((table) => [table, new Map()])) as M;

function apply(rows: Rows, change: Change): void {
  const table = rows.tables[change.table] as Map<string, unknown>;
  if (change.table === "connections") keepIndex(rows, change.key, change.row as Connection | undefined);
  if (change.row === undefined) table.delete(change.key);
  else table.set(change.key, change.row);
}

function keepIndex({ tables, connectionKeys }: Rows, key: string, row: Connection | undefined): void {
  const before = tables.connections.get(key);
  if (before?.userId === row?.userId) return;
  if (before !== undefined) connectionKeys.get(before.userId)?.delete(key);
  if (row === undefined) return;
  const known = connectionKeys.get(row.userId);
  if (known === undefined) connectionKeys.set(row.userId, new Set([key]));
  else known.add(key);
}

function viewOf({ tables, connectionKeys }: Rows): LedgerView {
  return {
    get: (table, key) => tables[table].get(key),
    all: (table) => tables[table].values(),
    connectionsOf: (userId) =>
      [...(connectionKeys.get(userId) ?? [])].flatMap((key) => tables.connections.get(key) ?? []),
  };
}

function draftOf({ tables, connectionKeys }: Rows): { draft: Draft; changes: () => readonly Change[] } {
  // Of the many tables a transaction writes to a few.
  const overlay = new Map<TableName, Written>();
  const writtenTo = (table: TableName): Written => {
    const known = overlay.get(table);
    if (known !== undefined) return known;
    const fresh: Written = new Map();
    overlay.set(table, fresh);
    return fresh;
  };
  const draft: Draft = {
    get<T extends TableName>(table: T, key: string) {
      const written = overlay.get(table);
      return written?.has(key) === true ? (written.get(key) as Tables[T] | undefined) : tables[table].get(key);
    },
    all<T extends TableName>(table: T) {
      const written = overlay.get(table) as Map<string, Tables[T] | undefined> | undefined;
      return written === undefined ? tables[table].values() : merged(tables[table], written);
    },
    connectionsOf(userId) {
      const written = overlay.get("connections") as Map<string, Connection | undefined> | undefined;
      const stored = [...(connectionKeys.get(userId) ?? [])]
        .filter((key) => written?.has(key) !== true)
        .flatMap((key) => tables.connections.get(key) ?? []);
      const own = [...(written?.values() ?? [])].flatMap((row) => (row?.userId === userId ? row : []));
      return [...stored, ...own];
    },
    put(table, key, row) {
      writtenTo(table).set(key, row);
    },
    remove(table, key) {
      writtenTo(table).set(key, undefined);
    },
    clear(table) {
      const written = writtenTo(table);
      for (const key of [...tables[table].keys(), ...written.keys()]) written.set(key, undefined);
    },
  };
  const changes = () =>
    [...overlay].flatMap(([table, written]) => [...written].map(([key, row]) => ({ table, key, row })));
  return { draft, changes };
}

function* merged<R>(
  rows: ReadonlyMap<string, R>,
  written: ReadonlyMap<string, R | undefined>,
): Generator<R, undefined> {
  for (const [key, row] of rows) if (!written.has(key)) yield row;
  for (const row of [...written.values()]) if (row !== undefined) yield row;
}
