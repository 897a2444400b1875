import { fieldReader } from "./query-fields.ts";
import type { Cursor, Operand, QuerySubject, Scalar } from "./query-types.ts";
import { badQuery } from "./refusals.ts";
import { type Element, isGuid, parseDate } from "./values.ts";

/** Reads one operand with the calls behind it. `condition` reads what stands in parentheses. */
export function operandReader(cursor: Cursor, subject: QuerySubject, condition: () => Operand): () => Operand {
  const arguments_ = (): readonly Operand[] => {
    expect(cursor, "(");
    const given: Operand[] = [];
    if (cursor.take(")")) return given;
    do given.push(cursor.nested(read));
    while (cursor.take(","));
    expect(cursor, ")");
    return given;
  };
  const primary = (): Operand => {
    const token = cursor.next();
    if (token === undefined) throw badQuery("Expression expected");
    switch (token.kind) {
      case "string":
        return literal("string", token.text);
      case "number":
        return literal("number", Number(token.text));
      case "sign": {
        if (token.text === "-" && cursor.peek()?.kind === "number")
          return literal("number", -Number(cursor.next()?.text));
        if (token.text !== "(") throw badQuery("Expression expected");
        const inner = cursor.nested(condition);
        expect(cursor, ")");
        return inner;
      }
      case "word":
        return named(token.text);
    }
  };
  const named = (word: string): Operand => {
    const constant = constants[word.toLowerCase()];
    if (constant !== undefined) return constant;
    if (/^guid$/i.test(word)) return guidOf(arguments_());
    if (/^datetime$/i.test(word)) return cursor.take(".") ? parsedDate(cursor, arguments_) : dateOf(arguments_());
    const path = [word];
    while (cursor.peek()?.text === "." && cursor.peek(1)?.kind === "word" && cursor.peek(2)?.text !== "(") {
      cursor.next();
      path.push(cursor.next()?.text ?? "");
    }
    return fieldReader(subject, path.join("."));
  };
  const read = (): Operand => {
    let operand = primary();
    while (cursor.take(".")) operand = called(operand, cursor.next()?.text ?? "", arguments_());
    return operand;
  };
  return read;
}

const literal = (type: Operand["type"], value: Scalar): Operand => ({ type, of: () => value });

const constants: Readonly<Record<string, Operand>> = Object.assign(Object.create(null), {
  true: literal("boolean", true),
  false: literal("boolean", false),
  null: literal("null", null),
});

function expect(cursor: Cursor, sign: string): void {
  if (!cursor.take(sign)) throw badQuery(`'${sign}' expected`);
}

const blank: Element = {};
const constantOf = (operand: Operand | undefined): Scalar => operand?.of(blank) ?? null;

function guidOf([text, ...more]: readonly Operand[]): Operand {
  const value = constantOf(text);
  if (more.length > 0 || typeof value !== "string" || !isGuid(value))
    throw badQuery("Guid should contain 32 digits with 4 dashes");
  return literal("guid", value.toLowerCase());
}

function dateOf(parts: readonly Operand[]): Operand {
  const [year, month, day, hour = 0, minute = 0, second = 0] = parts.map(constantOf) as number[];
  const whole = [year, month, day, hour, minute, second].every((part) => Number.isInteger(part));
  if (!whole || parts.length > 6 || year === undefined || month === undefined || day === undefined)
    throw badQuery("No applicable constructor exists in type 'DateTime'");
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  const ms = new Date(Date.UTC(2000, month - 1, day, hour, minute, second)).setUTCFullYear(year, month - 1, day);
  const asked = new Date(ms);
  if (year < 1 || year > 9999 || asked.getUTCMonth() !== month - 1 || asked.getUTCDate() !== day)
    throw badQuery("Year, Month, and Day parameters describe an un-representable DateTime.");
  return literal("date", ms);
}

function parsedDate(cursor: Cursor, arguments_: () => readonly Operand[]): Operand {
  if (!cursor.take("PARSE")) throw badQuery("No applicable method exists in type 'DateTime'");
  const value = constantOf(arguments_()[0]);
  const ms = typeof value === "string" ? parseDate(value) : null;
  if (ms === null) throw badQuery("String was not recognized as a valid DateTime.");
  return literal("date", ms);
}

const searches: Readonly<Record<string, (text: string, part: string) => boolean>> = {
  contains: (text, part) => text.includes(part),
  startswith: (text, part) => text.startsWith(part),
  endswith: (text, part) => text.endsWith(part),
};
const changes: Readonly<Record<string, (text: string) => string>> = {
  tolower: (text) => text.toLowerCase(),
  toupper: (text) => text.toUpperCase(),
  trim: (text) => text.trim(),
};

function called(operand: Operand, method: string, given: readonly Operand[]): Operand {
  const name = method.toLowerCase();
  const search = Object.hasOwn(searches, name) ? searches[name] : undefined;
  const change = Object.hasOwn(changes, name) ? changes[name] : undefined;
  const [part] = given;
  if (operand.type === "string" && search !== undefined && given.length === 1 && part?.type === "string")
    return {
      type: "boolean",
      of: (element) => search(String(operand.of(element) ?? ""), String(part.of(element) ?? "")),
    };
  if (operand.type === "string" && change !== undefined && given.length === 0)
    return { type: "string", of: (element) => textOr(operand.of(element), change) };
  if (name === "tostring" && given.length === 0 && (operand.type === "guid" || operand.type === "string"))
    return { type: "string", of: operand.of };
  throw badQuery(`No applicable method '${method.slice(0, 50)}' exists in type '${operand.type}'`);
}

const textOr = (value: Scalar, change: (text: string) => string): Scalar =>
  typeof value === "string" ? change(value) : null;
