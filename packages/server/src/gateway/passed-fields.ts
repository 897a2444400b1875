import type { IncomingHttpHeaders } from "node:http";

/** Request fields that go on to a provider's API. Everything else stays here: credentials, cookies, hop-by-hop and forwarding fields. */
const REQUEST = [
  "accept",
  "accept-encoding",
  "accept-language",
  "content-encoding",
  "content-language",
  "content-type",
  "idempotency-key",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "prefer",
  "range",
  "traceparent",
  "tracestate",
  "user-agent",
] as const;

/** Answer fields that go on to the caller. `Location` has rules of its own, and cookies are the provider's business with us alone. */
const ANSWER = [
  "accept-ranges",
  "allow",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-range",
  "content-type",
  "etag",
  "last-modified",
  "preference-applied",
  "retry-after",
  "vary",
  "www-authenticate",
] as const;

export type Fields = Readonly<Record<string, string>>;

/** Those of the caller's fields that the provider's API gets, and the provider's own that its data names. */
export function passedRequestFields(headers: IncomingHttpHeaders, more: readonly string[]): Fields {
  return picked(headers, [...REQUEST, ...more]);
}

/** Those of the answer's fields that the caller gets; never one that holds the token which was put in. */
export function passedAnswerFields(headers: IncomingHttpHeaders, more: readonly string[], token: string): Fields {
  const fields = Object.entries(picked(headers, [...ANSWER, ...more]));
  return Object.fromEntries(fields.filter(([, value]) => !value.includes(token)));
}

function picked(headers: IncomingHttpHeaders, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]];
    }),
  );
}
