/** What lies at a path of names joined by dots; the whole for an empty one, undefined where there is nothing. */
export function memberAt(value: unknown, path: string): unknown {
  if (path === "") return value;
  return path.split(".").reduce<unknown>((at, name) => {
    const isObject = typeof at === "object" && at !== null && !Array.isArray(at);
    return isObject && Object.hasOwn(at, name) ? (at as Record<string, unknown>)[name] : undefined;
  }, value);
}

/** A short text or a number there, as text. */
export function textAt(value: unknown, path: string): string | null {
  const found = memberAt(value, path);
  const text = typeof found === "number" ? String(found) : found;
  return typeof text === "string" && text !== "" && text.length <= 512 ? text : null;
}

/** Null for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
