import { type RawBuilder, sql } from "kysely";
import type { ListPlace } from "../../ports/list-place.ts";

/** The rows after a place in a list that is ordered by this column and `id`: found by the index, however far into the list it is. */
export function isAfter(column: "created_at_ms" | "started_at_ms", { atMs, id }: ListPlace): RawBuilder<boolean> {
  return sql<boolean>`(${sql.ref(column)}, ${sql.ref("id")}) > (${atMs}, ${id})`;
}

/** The same in a list that runs the other way. */
export function isBefore(column: "created_at_ms" | "started_at_ms", { atMs, id }: ListPlace): RawBuilder<boolean> {
  return sql<boolean>`(${sql.ref(column)}, ${sql.ref("id")}) < (${atMs}, ${id})`;
}
