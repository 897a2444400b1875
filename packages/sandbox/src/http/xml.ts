import { Decimal, type Member, XeroDate } from "../accounting/values.ts";

/** An element tree as Xero writes it: members become elements, lists a parent with one child per entry. */
export function toXml(name: string, value: Member): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n${element(name, value)}`;
}

function element(name: string, value: Member): string {
  if (value === undefined) return "";
  if (isList(value)) return `<${name}>${value.map((entry) => element(singular(name), entry)).join("")}</${name}>`;
  if (typeof value !== "object" || value === null || value instanceof XeroDate || value instanceof Decimal)
    return `<${name}>${escapeXml(scalar(value))}</${name}>`;
  return `<${name}>${Object.entries(value)
    .map(([key, member]) => element(key, member))
    .join("")}</${name}>`;
}

const isList = (value: Member): value is readonly Member[] => Array.isArray(value);

const singular = (name: string): string =>
  name.endsWith("sses") ? name.slice(0, -2) : name.endsWith("s") ? name.slice(0, -1) : `${name}Item`;

/** XML carries ISO dates where JSON has `/Date(…)/`. */
function scalar(value: string | number | boolean | null | XeroDate | Decimal): string {
  if (value instanceof XeroDate) return new Date(value.atMs).toISOString().replace(/\.000Z$|Z$/, "");
  return value === null ? "" : String(value);
}

const isForbidden = (code: number): boolean =>
  (code < 0x20 && code !== 0x9 && code !== 0xa && code !== 0xd) || code === 0xfffe || code === 0xffff;

// XML 1.0 has no way to write most control characters.
const escapeXml = (text: string): string =>
  [...text.toWellFormed()]
    .filter((character) => !isForbidden(character.codePointAt(0) ?? 0))
    .join("")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("\r", "&#xD;");
