import { storable } from "../storable.ts";
import type { Json } from "./json.ts";

// What JSON writes for U+0000 and for halves of surrogate pairs; a backslash of the text itself only costs a second look.
const NOT_STORABLE = /\\u(0000|d[89a-f])/;

/** What we wrote ourselves comes back as what it was: the type is the writer's. */
export const jsonColumn = {
  write(value: unknown): Json {
    const text = JSON.stringify(value);
    return NOT_STORABLE.test(text) ? JSON.stringify(storable(value)) : text;
  },
  read: <T>(text: Json): T => JSON.parse(text) as T,
};
