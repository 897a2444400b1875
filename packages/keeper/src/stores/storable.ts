/**
 * Text as every store keeps it: well-formed, and without U+0000, which Postgres cannot hold. What does not fit becomes U+FFFD,
 * in what is written and in what is looked for, so that nothing is refused halfway and no two stores differ.
 */
export function storableText(text: string): string {
  const wellFormed = text.toWellFormed();
  return wellFormed.includes("\0") ? wellFormed.replaceAll("\0", "\uFFFD") : wellFormed;
}

/** The value with every text in it storable; names of members stay as they are. What fits already is not copied. */
export function storable<T>(value: T): T {
  return storableValue(value) as T;
}

function storableValue(value: unknown): unknown {
  if (typeof value === "string") return storableText(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const members = value.map(storableValue);
    return members.every((member, index) => member === value[index]) ? value : members;
  }
  let changed: Record<string, unknown> | null = null;
  for (const name of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[name];
    const fit = storableValue(member);
    if (fit !== member) {
      changed ??= { ...value };
      changed[name] = fit;
    }
  }
  return changed ?? value;
}
