import { EvergrantError } from "@evergrant/core";

/** Parameters that may come more than once: each names a connection, and naming several has an answer of its own (RFC 8707 §2). */
const REPEATABLE: ReadonlySet<string> = new Set(["resource", "audience"]);

export type Form = ReadonlyMap<string, readonly string[]>;

/**
 * Reads a form-encoded body. Empty parameters count as left out, unknown ones are ignored, repeated ones refused (RFC 6749 §3.2).
 * @throws request_malformed
 */
export function readForm(body: string): Form {
  const form = new Map<string, string[]>();
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(body)) {
    if (seen.has(name) && !REPEATABLE.has(name)) throw new EvergrantError("request_malformed");
    seen.add(name);
    if (value === "") continue;
    const values = form.get(name);
    if (values === undefined) form.set(name, [value]);
    else values.push(value);
  }
  return form;
}

export function one(form: Form, name: string): string | null {
  return form.get(name)?.[0] ?? null;
}
