import { elementsOf } from "./bodies.ts";
import type { Books } from "./books.ts";
import { listMembers, unitPlacesOf } from "./list.ts";
import { badQuery, notFound, type Refusal, RefusedCall } from "./refusals.ts";
import type { Item, Query, Resource } from "./resource.ts";
import { type Element, type Members, parseDate } from "./values.ts";
import type { WriteMode, WriteResult } from "./write-result.ts";

/** One call to a resource of the accounting API, after access was granted. */
export interface AccountingCall {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly resource: Resource;
  /** null: the list. */
  readonly id: string | null;
  readonly query: Query;
  readonly ifModifiedSince: string | null;
  readonly body: string;
}

export type CallResult =
  | { readonly kind: "members"; readonly members: Members }
  /** Refused, while what was written before may stay. */
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Carries a call out on an organisation's books. Throws `RefusedCall` where nothing may stay of it. */
export function callAccounting(books: Books, call: AccountingCall): CallResult {
  switch (call.method) {
    case "GET":
      return { kind: "members", members: call.id === null ? list(books, call) : one(books, call, call.id) };
    case "PUT":
    case "POST":
      return write(books, call);
    case "DELETE":
      return remove(books, call);
  }
}

function list(books: Books, call: AccountingCall): Members {
  return listMembers(books, call.resource, { query: call.query, modifiedSinceMs: modifiedSince(call.ifModifiedSince) });
}

/** An HTTP date or, as Xero's own documents have it, an ISO date that is UTC without saying so. */
function modifiedSince(text: string | null): number | null {
  if (text === null || text.trim() === "") return null;
  const ms = parseDate(text.trim()) ?? (/GMT$/.test(text) ? Date.parse(text) : Number.NaN);
  if (Number.isNaN(ms)) throw badQuery("If-Modified-Since must be a UTC date such as 2026-03-31T00:00:00.");
  // Xero compares whole seconds.
  return Math.floor(ms / 1000) * 1000;
}

const one = (books: Books, { resource, query }: AccountingCall, id: string): Members => ({
  [resource.list]: [shown(found(books, resource, id), query)],
});

const shown = (item: Item, query: Query): Element => item.shape({ detail: "full", unitPlaces: unitPlacesOf(query) });

function found(books: Books, resource: Resource, id: string): Item {
  const item = resource.find(books, id);
  if (item === undefined) throw notFound();
  return item;
}

function write(books: Books, call: AccountingCall): CallResult {
  const { resource, query } = call;
  const mode: WriteMode =
    call.id !== null
      ? { kind: "update", id: found(books, resource, call.id).id }
      : { kind: call.method === "PUT" ? "create" : "save" };
  const given = elementsOf(call.body, { list: resource.list, element: resource.element });
  const elements = mode.kind === "update" ? given.slice(0, 1) : given;
  const unitPlaces = unitPlacesOf(query);
  const results = elements.map((element, index) =>
    resource.write(books, { given: element, path: `${resource.list}[${index}]`, mode, unitPlaces }),
  );
  const apart = resource.batches && mode.kind !== "update" && query.get("summarizeerrors")?.toLowerCase() === "false";
  if (!apart) {
    const refused = summary(results);
    if (refused !== null && books.turn.switches["api.batch"] === "all-or-nothing") throw new RefusedCall(refused);
    if (refused !== null) return { kind: "refused", refusal: refused };
    return { kind: "members", members: { [resource.list]: results.map((result) => written(books, call, result)) } };
  }
  const each = results.map((result) => ({
    ...written(books, call, result),
    StatusAttributeString: result.kind === "ok" ? "OK" : "ERROR",
  }));
  return { kind: "members", members: { [resource.list]: each } };
}

function summary(results: readonly WriteResult[]): Refusal | null {
  const elements = results.flatMap((result) => (result.kind === "invalid" ? [invalidElement(result)] : []));
  return elements.length === 0 ? null : { kind: "invalid", elements };
}

const written = (books: Books, { resource, query }: AccountingCall, result: WriteResult): Element =>
  result.kind === "ok" ? shown(found(books, resource, result.id), query) : invalidElement(result);

const invalidElement = (result: Extract<WriteResult, { readonly kind: "invalid" }>): Element => ({
  ...result.echo,
  ValidationErrors: result.messages.map((message) => ({ Message: message })),
});

function remove(books: Books, { resource, id, query }: AccountingCall): CallResult {
  const item = found(books, resource, id ?? "");
  const before = shown(item, query);
  const refused = summary([resource.remove(books, item.id)]);
  if (refused !== null) return { kind: "refused", refusal: refused };
  return { kind: "members", members: { [resource.list]: [{ ...before, Status: "DELETED" }] } };
}
