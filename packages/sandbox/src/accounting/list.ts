import type { Books } from "./books.ts";
import { compileOrder } from "./order.ts";
import { type Item, isOn, type Query, type Resource } from "./resource.ts";
import type { Element, Members } from "./values.ts";
import { compileWhere } from "./where.ts";

export interface ListRequest {
  readonly query: Query;
  /** Only what was changed at that instant or later; null: everything. */
  readonly modifiedSinceMs: number | null;
}

const defaultPageSize = 100;
const largestPageSize = 1000;

/** The members of a list answer: the elements that pass the filters, by pages if a page is asked for. Throws `bad-query`. */
export function listMembers(books: Books, resource: Resource, request: ListRequest): Members {
  const { query, modifiedSinceMs } = request;
  const unitPlaces = unitPlacesOf(query);
  const summary = resource.summaries && isOn(query, "summaryonly");
  const whole = selected(resource, resource.items(books, query), request).filter(
    (item) => modifiedSinceMs === null || item.updatedAtMs >= modifiedSinceMs,
  );
  const paged = resource.paged && (query.has("page") || query.has("pagesize") || summary);
  if (!paged) {
    const detail = resource.paged && resource.list !== "Contacts" ? "list" : "full";
    return { [resource.list]: whole.map((item) => item.shape({ detail, unitPlaces })) };
  }
  const page = boundedInteger(query.get("page"), { least: 1, most: 1_000_000, otherwise: 1 });
  const pageSize = boundedInteger(query.get("pagesize"), {
    least: 1,
    most: largestPageSize,
    otherwise: defaultPageSize,
  });
  const shown = whole.slice((page - 1) * pageSize, page * pageSize);
  return {
    pagination: { page, pageSize, pageCount: Math.ceil(whole.length / pageSize), itemCount: whole.length },
    [resource.list]: shown.map((item) => item.shape({ detail: summary ? "summary" : "full", unitPlaces })),
  };
}

/** `unitdp=4` asks for four decimals of unit amounts; anything else is two. */
export const unitPlacesOf = (query: Query): 2 | 4 => (query.get("unitdp") === "4" ? 4 : 2);

function selected(resource: Resource, items: readonly Item[], { query }: ListRequest): readonly Item[] {
  const subject = { element: resource.element, fields: resource.fields };
  const where = query.get("where") ?? "";
  const order = query.get("order") ?? "";
  const passes = where === "" ? () => true : compileWhere(where, subject);
  const compare = order === "" ? null : compileOrder(order, subject);
  if (where === "" && compare === null) return items;
  const known = items.map((item) => ({ item, element: item.shape({ detail: "list", unitPlaces: 4 }) as Element }));
  const kept = known.filter(({ element }) => passes(element));
  if (compare !== null) kept.sort((a, b) => compare(a.element, b.element));
  return kept.map(({ item }) => item);
}

function boundedInteger(
  text: string | undefined,
  bounds: { readonly least: number; readonly most: number; readonly otherwise: number },
): number {
  const value = text === undefined || text.trim() === "" ? Number.NaN : Number(text);
  return Number.isInteger(value) ? Math.min(Math.max(value, bounds.least), bounds.most) : bounds.otherwise;
}
