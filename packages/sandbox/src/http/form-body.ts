/** The parameters of a form. A repeated parameter is an error (RFC 6749 §3.2). */
export type FormBody =
  | { readonly kind: "form"; readonly get: (name: string) => string | null }
  | { readonly kind: "repeated" }
  | { readonly kind: "not-a-form" };

/** Reads `application/x-www-form-urlencoded` (already parsed by the server) and, if allowed, `multipart/form-data`. */
export async function readForm(
  body: unknown,
  contentType: string | undefined,
  options: { readonly multipart: boolean },
): Promise<FormBody> {
  if (body instanceof URLSearchParams) return formOf([...body]);
  if (body === undefined || body === null) return formOf([]);
  const type = (contentType ?? "").toLowerCase();
  if (!(Buffer.isBuffer(body) && options.multipart && type.startsWith("multipart/form-data")))
    return { kind: "not-a-form" };
  const fields = await readMultipart(body, contentType ?? "");
  return fields === null ? { kind: "not-a-form" } : formOf(fields);
}

/** The query part of a request's URL. */
export const queryOf = (url: string): URLSearchParams =>
  new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?") + 1) : "");

/** A form from name and value pairs. */
export function formOf(fields: readonly (readonly [string, string])[]): FormBody {
  // Postman sends an empty pair for "?=" and "&&"; it names nothing.
  const named = fields.filter(([name]) => name !== "");
  const values = new Map(named);
  if (values.size !== named.length) return { kind: "repeated" };
  return { kind: "form", get: (name) => values.get(name) ?? null };
}

async function readMultipart(
  body: Buffer,
  contentType: string,
): Promise<readonly (readonly [string, string])[] | null> {
  try {
    const form = await new Response(new Uint8Array(body), { headers: { "content-type": contentType } }).formData();
    return [...form].map(([name, value]) => [name, typeof value === "string" ? value : ""] as const);
  } catch {
    return null;
  }
}
