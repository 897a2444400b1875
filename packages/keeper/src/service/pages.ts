import { EvergrantError } from "@evergrant/core";
import type { ListPlace } from "../ports/list-place.ts";

/** Where to read on in a list, and how much. */
export interface PageAsk {
  /** As the page before said it; null: from the start. */
  readonly cursor: string | null;
  readonly limit: number;
}

/** A part of a list. What was there all the while it is read, page by page, comes once. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Where the next one begins; null after the last. */
  readonly next: string | null;
}

/** A list as it is read from a store: its name, which cursors of other lists do not have, its rows from a place on, and where each is. */
export interface PagedList<Row> {
  readonly name: string;
  rows(after: ListPlace | null, limit: number): Promise<readonly Row[]>;
  placeOf(row: Row): ListPlace;
}

/**
 * One page. One row more is asked for, which says whether another page comes.
 * @throws input_invalid for a cursor that no page of this list gave
 */
export async function pageOf<Row>(list: PagedList<Row>, { cursor, limit }: PageAsk): Promise<Page<Row>> {
  const found = await list.rows(cursor === null ? null : placeIn(list.name, cursor), limit + 1);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const next = found.length > limit && last !== undefined ? cursorAt(list.name, list.placeOf(last)) : null;
  return { items, next };
}

/** The rows of a list that is in memory as a whole, oldest first. */
export function rowsAfter<Row extends { readonly id: string; readonly createdAtMs: number }>(
  rows: readonly Row[],
  after: ListPlace | null,
  limit: number,
): readonly Row[] {
  const place = ({ createdAtMs: atMs, id }: Row): ListPlace => ({ atMs, id });
  const left = after === null ? [...rows] : rows.filter((row) => compare(place(row), after) > 0);
  return left.sort((a, b) => compare(place(a), place(b))).slice(0, limit);
}

/** Where a row is in a list that begins with the oldest. */
export const placeByAge = ({ createdAtMs, id }: { readonly createdAtMs: number; readonly id: string }): ListPlace => ({
  atMs: createdAtMs,
  id,
});

function compare(a: ListPlace, b: ListPlace): number {
  return a.atMs - b.atMs || (a.id === b.id ? 0 : a.id < b.id ? -1 : 1);
}

function cursorAt(list: string, { atMs, id }: ListPlace): string {
  return Buffer.from(JSON.stringify([list, atMs, id])).toString("base64url");
}

function placeIn(list: string, cursor: string): ListPlace {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (Array.isArray(parts) && parts.length === 3) {
      const [name, atMs, id] = parts as readonly unknown[];
      if (name === list && Number.isSafeInteger(atMs) && typeof id === "string") return { atMs: Number(atMs), id };
    }
  } catch {
    // Not one of ours, like any other that does not fit.
  }
  throw new EvergrantError("input_invalid", { detail: "cursor: use the one that the page before gave" });
}
