import { operandReader } from "./query-operands.ts";
import { type Token, tokensOf } from "./query-tokens.ts";
import type { Cursor, Operand, QuerySubject, Scalar } from "./query-types.ts";
import { badQuery } from "./refusals.ts";
import type { Element } from "./values.ts";

/**
 * Compiles a `where` parameter: `==`, `!=`, `<`, `>`, `<=`, `>=`, `AND`, `OR`, `NOT`, parentheses, `.Contains`, `.StartsWith`, `.EndsWith`,
 * `.ToLower`, `.ToUpper`, `.ToString`, `DateTime(y,m,d)`, `DateTime.Parse("…")` and `Guid("…")`. Throws `bad-query` in Xero's words.
 */
export function compileWhere(text: string, subject: QuerySubject): (element: Element) => boolean {
  const cursor = cursorOf(tokensOf(text));
  if (cursor.peek() === undefined) throw badQuery("Expression expected");
  const readOperand = operandReader(cursor, subject, () => readOr());
  const readComparison = (): Operand => {
    const left = readOperand();
    const sign = cursor.peek();
    if (sign?.kind !== "sign" || !isComparison(sign.text)) return left;
    cursor.next();
    return compared(sign.text, left, readOperand());
  };
  const readNot = (): Operand => {
    if (!cursor.take("NOT", "!")) return readComparison();
    const inner = cursor.nested(readNot);
    return condition((element) => !truth(inner, element), inner);
  };
  const chain = (words: readonly [string, string], part: () => Operand, join: "and" | "or") => (): Operand => {
    let left = part();
    while (cursor.take(...words)) {
      const [first, second] = [left, part()];
      const both = (element: Element) =>
        join === "and"
          ? truth(first, element) && truth(second, element)
          : truth(first, element) || truth(second, element);
      left = condition(both, first, second);
    }
    return left;
  };
  const readAnd = chain(["AND", "&&"], readNot, "and");
  const readOr = chain(["OR", "||"], readAnd, "or");
  const whole = readOr();
  if (cursor.peek() !== undefined) throw badQuery("Syntax error");
  const checked = condition((element) => truth(whole, element), whole);
  return (element) => checked.of(element) === true;
}

const deepest = 40;

function cursorOf(tokens: readonly Token[]): Cursor {
  let position = 0;
  let depth = 0;
  const peek = (ahead = 0) => tokens[position + ahead];
  return {
    peek,
    next() {
      position += 1;
      return tokens[position - 1];
    },
    take(...texts) {
      const token = peek();
      if (token === undefined || token.kind === "string" || !texts.includes(token.text.toUpperCase())) return false;
      position += 1;
      return true;
    },
    nested(part) {
      depth += 1;
      if (depth > deepest) throw badQuery("Expression is nested too deep");
      const result = part();
      depth -= 1;
      return result;
    },
  };
}

const truth = (operand: Operand, element: Element): boolean => operand.of(element) === true;

function condition(of: (element: Element) => boolean, ...parts: readonly Operand[]): Operand {
  if (parts.some((part) => part.type !== "boolean")) throw badQuery("Expression of type 'Boolean' expected");
  return { type: "boolean", of };
}

const comparisons = ["==", "=", "!=", "<>", "<", ">", "<=", ">="];
const isComparison = (text: string): boolean => comparisons.includes(text);
const typeNames: { readonly [T in Operand["type"]]: string } = {
  string: "String",
  guid: "Guid",
  number: "Decimal",
  date: "DateTime?",
  boolean: "Boolean",
  object: "Object",
  null: "Object",
};

function compared(sign: string, left: Operand, right: Operand): Operand {
  const equality = ["==", "=", "!=", "<>"].includes(sign);
  const sameType = left.type === right.type && left.type !== "object";
  const withNull = left.type === "null" || right.type === "null";
  const ordered = sameType && ["string", "number", "date"].includes(left.type);
  if (equality ? !(sameType || withNull) : !ordered)
    throw badQuery(
      `Operator '${sign}' incompatible with operand types '${typeNames[left.type]}' and '${typeNames[right.type]}'`,
    );
  const test = tests[sign] ?? tests["=="];
  return { type: "boolean", of: (element) => test?.(left.of(element), right.of(element)) ?? false };
}

type Test = (a: Scalar, b: Scalar) => boolean;

const equal: Test = (a, b) => a === b;
// As in SQL, nothing is less or more than null.
const both =
  (test: (a: string | number, b: string | number) => boolean): Test =>
  (a, b) =>
    a !== null && b !== null && typeof a !== "boolean" && typeof b !== "boolean" && test(a, b);

const tests: Readonly<Record<string, Test>> = {
  "==": equal,
  "=": equal,
  "!=": (a, b) => a !== b,
  "<>": (a, b) => a !== b,
  "<": both((a, b) => a < b),
  ">": both((a, b) => a > b),
  "<=": both((a, b) => a <= b),
  ">=": both((a, b) => a >= b),
};
