import { fieldReader } from "./query-fields.ts";
import type { QuerySubject } from "./query-types.ts";
import { badQuery } from "./refusals.ts";
import type { Element } from "./values.ts";

/** Compiles an `order` parameter, e.g. `Name ASC, UpdatedDateUTC DESC`. Throws `bad-query`. */
export function compileOrder(text: string, subject: QuerySubject): (a: Element, b: Element) => number {
  const keys = text.split(",").map((part) => {
    const [, path = "", direction = "asc"] =
      /^\s*([A-Za-z_][\w.]*)(?:\s+(asc|desc|ascending|descending))?\s*$/i.exec(part) ?? [];
    if (path === "") throw badQuery("Expression expected");
    return { field: fieldReader(subject, path), sign: direction.toLowerCase().startsWith("desc") ? -1 : 1 };
  });
  return (a, b) => {
    for (const { field, sign } of keys) {
      const [left, right] = [field.of(a), field.of(b)];
      if (left === right) continue;
      // What has no value comes first.
      if (left === null) return -sign;
      if (right === null) return sign;
      return left < right ? -sign : sign;
    }
    return 0;
  };
}
