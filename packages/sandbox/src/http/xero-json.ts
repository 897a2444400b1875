import { Decimal, type Member, XeroDate } from "../accounting/values.ts";

/** JSON in Xero's hand: CRLF, two blanks, escaped slashes in dates, amounts with their decimals. */
export const toXeroJson = (value: Member): string => written(value, "\r\n");

function written(value: Member, indent: string): string {
  if (value instanceof XeroDate) return `"${value.toString().replaceAll("/", "\\/")}"`;
  if (value instanceof Decimal) return value.toString();
  if (value === null || value === undefined) return "null";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}  `;
  if (isList(value)) {
    return value.length === 0
      ? "[]"
      : `[${inner}${value.map((each) => written(each, inner)).join(`,${inner}`)}${indent}]`;
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  if (members.length === 0) return "{}";
  return `{${inner}${members.map(([name, member]) => `${JSON.stringify(name)}: ${written(member, inner)}`).join(`,${inner}`)}${indent}}`;
}

const isList = (value: object): value is readonly Member[] => Array.isArray(value);
