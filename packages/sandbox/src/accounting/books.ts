import type {
  Account,
  BankTransaction,
  Contact,
  Draft,
  Invoice,
  Organisation,
  Payment,
  TableName,
  Tables,
  Turn,
} from "../engine/index.ts";

/** Something that changed and that Xero tells subscribers about. */
export interface BookChange {
  readonly organisationId: string;
  readonly category: "CONTACT" | "INVOICE";
  readonly type: "CREATE" | "UPDATE";
  readonly resourceId: string;
}

export const BOOK_TABLES = ["accounts", "contacts", "invoices", "payments", "bankTransactions"] as const;
type BookTable = (typeof BOOK_TABLES)[number];

/** The rows of one organisation inside one transaction. */
export interface Books {
  readonly turn: Turn;
  readonly organisation: Organisation;
  /** The app that calls; null: the sandbox itself. */
  readonly clientId: string | null;
  accounts(): readonly Account[];
  contacts(): readonly Contact[];
  invoices(): readonly Invoice[];
  payments(): readonly Payment[];
  bankTransactions(): readonly BankTransaction[];
  /** A row by its id, in any case; undefined if it is another organisation's. */
  get<T extends BookTable>(table: T, id: string): Tables[T] | undefined;
  put<T extends BookTable>(table: T, row: Tables[T]): void;
  remove(table: BookTable, id: string): void;
  /** For what Xero does not count as a change of the row. */
  putQuietly<T extends BookTable>(table: T, row: Tables[T]): void;
  /** What was created or updated so far, each once. */
  changes(): readonly BookChange[];
}

/** Opens an organisation's books. */
export function openBooks(turn: Turn, organisation: Organisation, clientId: string | null): Books {
  const { draft } = turn;
  const changed = new Map<string, BookChange>();
  // One call may ask for the same rows once per element.
  const read = new Map<BookTable, readonly unknown[]>();
  const all = <T extends BookTable>(table: T): readonly Tables[T][] => {
    const rows = (read.get(table) as readonly Tables[T][] | undefined) ?? rowsOf(draft, table, organisation.id);
    read.set(table, rows);
    return rows;
  };
  const get = <T extends BookTable>(table: T, id: string) => {
    const row = draft.get(table, id.toLowerCase());
    return row?.organisationId === organisation.id ? row : undefined;
  };
  const putQuietly = <T extends BookTable>(table: T, row: Tables[T]) => {
    read.delete(table);
    draft.put(table, row.id, row);
  };
  return {
    turn,
    organisation,
    clientId,
    accounts: () => all("accounts"),
    contacts: () => all("contacts"),
    invoices: () => all("invoices"),
    payments: () => all("payments"),
    bankTransactions: () => all("bankTransactions"),
    get,
    put(table, row) {
      const category = categories[table];
      if (category !== null && !changed.has(row.id)) {
        const type = get(table, row.id) === undefined ? "CREATE" : "UPDATE";
        changed.set(row.id, { organisationId: organisation.id, category, type, resourceId: row.id });
      }
      putQuietly(table, row);
    },
    putQuietly,
    remove(table, id) {
      read.delete(table);
      draft.remove(table, id);
    },
    changes: () => [...changed.values()],
  };
}

const categories: { readonly [T in BookTable]: BookChange["category"] | null } = {
  accounts: null,
  contacts: "CONTACT",
  invoices: "INVOICE",
  payments: null,
  bankTransactions: null,
};

const rowsOf = <T extends BookTable>(
  draft: Draft,
  table: T & TableName,
  organisationId: string,
): readonly Tables[T][] => [...draft.all(table)].filter((row) => row.organisationId === organisationId);
