import type { Operand, QuerySubject, Scalar } from "./query-types.ts";
import { badQuery } from "./refusals.ts";
import { Decimal, type Element, type Member, XeroDate } from "./values.ts";

/** A field by its path, in any case. Throws `bad-query` for one that is not there. */
export function fieldReader(subject: QuerySubject, path: string): Operand {
  const wanted = path.toLowerCase();
  const known = Object.keys(subject.fields).find((field) => field.toLowerCase() === wanted);
  if (known !== undefined) {
    const steps = known.split(".");
    const type = subject.fields[known] ?? "string";
    return { type, of: (element) => scalarOf(memberAt(element, steps)) };
  }
  const isObject = Object.keys(subject.fields).some((field) => field.toLowerCase().startsWith(`${wanted}.`));
  if (isObject) return { type: "object", of: () => "" };
  throw badQuery(`No property or field '${path.slice(0, 100)}' exists in type '${subject.element}'`);
}

function memberAt(element: Element, steps: readonly string[]): Member {
  return steps.reduce<Member>((at, step) => (isElement(at) ? at[step] : undefined), element);
}

const isElement = (value: Member): value is Element =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof XeroDate) &&
  !(value instanceof Decimal);

function scalarOf(value: Member): Scalar {
  if (value instanceof XeroDate) return value.atMs;
  if (value instanceof Decimal) return value.value;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}
