import { EvergrantError } from "@evergrant/core";
import type { Page, PageAsk } from "@evergrant/keeper";

/** A page of a list that nothing is added to; its cursors count. */
export function fakePage<Item>(all: readonly Item[], { cursor, limit }: PageAsk): Page<Item> {
  const start = cursor === null ? 0 : Number(/^at-(\d+)$/.exec(cursor)?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(start)) throw new EvergrantError("input_invalid", { detail: "cursor" });
  const end = start + limit;
  return { items: all.slice(start, end), next: end < all.length ? `at-${end}` : null };
}
