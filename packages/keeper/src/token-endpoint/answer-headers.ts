/** Response header fields by lower-case name, as undici gives them. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The server's own clock, from the `Date` field (RFC 9110 §6.6.1), epoch milliseconds; null where it does not say. */
export function serverDateMs(headers: AnswerHeaders): number | null {
  return httpDateMs(single(headers.date));
}

/**
 * `Retry-After` (RFC 9110 §10.2.3) as a delay: seconds as they are, a date against the server's own clock, or ours where it tells none.
 * Null where there is none or it cannot be read.
 */
export function retryAfterMs(headers: AnswerHeaders, nowMs: number): number | null {
  const value = single(headers["retry-after"]);
  if (value === null) return null;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const atMs = httpDateMs(value);
  return atMs === null ? null : Math.max(0, atMs - (serverDateMs(headers) ?? nowMs));
}

function single(value: string | string[] | undefined): string | null {
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined ? null : first.trim();
}

// The three forms of RFC 9110 §5.6.7; the last one names no zone and means GMT.
const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const RFC_850 = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

function httpDateMs(value: string | null): number | null {
  if (value === null) return null;
  const zoned = ASCTIME.test(value) ? `${value} GMT` : IMF_FIXDATE.test(value) || RFC_850.test(value) ? value : null;
  const ms = zoned === null ? Number.NaN : Date.parse(zoned);
  return Number.isNaN(ms) ? null : ms;
}
