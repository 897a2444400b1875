import type { Books } from "./books.ts";
import type { Element } from "./values.ts";
import type { WriteMode, WriteResult } from "./write-result.ts";

/** What a field is to `where` and `order`. */
export type FieldType = "string" | "guid" | "number" | "date" | "boolean";

/** How much of an element is shown: all of it, all but lists (without `page`), or the summary (`summaryOnly=true`). */
export type Detail = "full" | "list" | "summary";

export interface ShapeWish {
  readonly detail: Detail;
  readonly unitPlaces: 2 | 4;
}

/** One row, before anybody knows how much of it is shown. */
export interface Item {
  readonly id: string;
  readonly updatedAtMs: number;
  shape(wish: ShapeWish): Element;
}

/** The query of a request by lower-case name; a repeated name keeps its first value. */
export type Query = ReadonlyMap<string, string>;

export interface WriteRequest {
  readonly given: unknown;
  /** Where in the body the element stands, for messages. */
  readonly path: string;
  readonly mode: WriteMode;
  readonly unitPlaces: 2 | 4;
}

/** One resource of the accounting API: everything that differs between them. */
export interface Resource {
  /** Its path and the name of the list in bodies, e.g. `Invoices`. */
  readonly path: string;
  readonly list: string;
  readonly element: string;
  readonly idMember: string;
  /** One of these is enough; `read` is for GET. */
  readonly scopes: { readonly read: readonly string[]; readonly write: readonly string[] };
  readonly methods: {
    readonly onList: readonly ("PUT" | "POST")[];
    readonly onOne: readonly ("GET" | "POST" | "DELETE")[];
  };
  readonly paged: boolean;
  /** Whether `summaryOnly` is known. */
  readonly summaries: boolean;
  /** Whether `summarizeErrors` is known. */
  readonly batches: boolean;
  /** What `where` and `order` know, by path, e.g. `Contact.Name`. */
  readonly fields: Readonly<Record<string, FieldType>>;
  /** The rows that the resource's own parameters (`IDs`, `Statuses`, `includeArchived`, …) leave over, in Xero's order. */
  items(books: Books, query: Query): readonly Item[];
  /** By id or what the resource takes in its place; undefined: not found. */
  find(books: Books, id: string): Item | undefined;
  write(books: Books, request: WriteRequest): WriteResult;
  /** DELETE of one element. */
  remove(books: Books, id: string): WriteResult;
}

/** The values of a comma-separated parameter in lower case; null: not given. */
export function listParameter(query: Query, name: string): ReadonlySet<string> | null {
  const text = query.get(name);
  if (text === undefined || text === "") return null;
  return new Set(text.split(",").map((value) => value.trim().toLowerCase()));
}

export const isOn = (query: Query, name: string): boolean => query.get(name)?.toLowerCase() === "true";

/** For resources without DELETE: routes never lead here. */
export function noRemoval(): never {
  throw new Error("this resource has no DELETE");
}
