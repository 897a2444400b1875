import type { Json } from "./tables.ts";

/** What we wrote ourselves comes back as what it was: the type is the writer's. */
export const jsonColumn = {
  write: (value: unknown): Json => JSON.stringify(value),
  read: <T>(text: Json): T => JSON.parse(text) as T,
};
