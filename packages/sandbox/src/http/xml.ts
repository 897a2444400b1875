/** An element tree as Xero writes it: members become elements, lists a parent with one child per entry. */
export function toXml(name: string, value: unknown): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n${element(name, value)}`;
}

function element(name: string, value: unknown): string {
  if (Array.isArray(value))
    return `<${name}>${value.map((entry) => element(singular(name), entry)).join("")}</${name}>`;
  if (typeof value !== "object" || value === null) return `<${name}>${escapeXml(scalar(value))}</${name}>`;
  return `<${name}>${Object.entries(value)
    .map(([key, member]) => element(key, member))
    .join("")}</${name}>`;
}

const singular = (name: string): string =>
  name.endsWith("sses") ? name.slice(0, -2) : name.endsWith("s") ? name.slice(0, -1) : `${name}Item`;

/** XML carries ISO dates where JSON has `/Date(…)/`. */
function scalar(value: unknown): string {
  const text = value === null || value === undefined ? "" : String(value);
  const date = /^\/Date\((\d+)\+0000\)\/$/.exec(text);
  return date === null ? text : new Date(Number(date[1])).toISOString();
}

const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
