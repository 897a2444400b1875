import type { Token } from "./query-tokens.ts";
import type { FieldType } from "./resource.ts";
import type { Element } from "./values.ts";

/** What a query is about: its fields by path, and the name errors give it. */
export interface QuerySubject {
  readonly element: string;
  readonly fields: Readonly<Record<string, FieldType>>;
}

export type Scalar = string | number | boolean | null;

/** Something that has a value for each element: a field, a literal, a call, or a whole condition. */
export interface Operand {
  readonly type: FieldType | "object" | "null";
  of(element: Element): Scalar;
}

/** The tokens of a query and how far they are read. */
export interface Cursor {
  peek(ahead?: number): Token | undefined;
  next(): Token | undefined;
  /** Takes the token if it is that sign or, in any case, that word. */
  take(...texts: readonly string[]): boolean;
  /** Runs a part that may nest. Throws `bad-query` where it nests too deep. */
  nested<R>(part: () => R): R;
}
