import pg from "pg";

/** Reads `bigint` as a number: our integers stay below 2^53, and one that does not is an error, never a rounded value. */
export const numbersForBigints: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === pg.types.builtins.INT8 && format !== "binary"
      ? exactNumber
      : pg.types.getTypeParser(oid, format as "text")) as typeof pg.types.getTypeParser,
};

function exactNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is beyond what a number holds exactly`);
  return value;
}
