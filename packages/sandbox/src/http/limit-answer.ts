import type { Metered, Remaining } from "../accounting/rate-limits.ts";
import type { Switches } from "../engine/index.ts";
import type { Answer } from "./answer.ts";

/** The counters that every answer to a counted call carries. */
export const counterHeaders = (remaining: Remaining): Readonly<Record<string, string>> => ({
  "x-daylimit-remaining": String(remaining.day),
  "x-minlimit-remaining": String(remaining.minute),
  "x-appminlimit-remaining": String(remaining.appMinute),
});

/** 429 with what stands in the way, and for how long where that is known. */
export function limitAnswer(metered: Extract<Metered, { readonly kind: "refused" }>, switches: Switches): Answer {
  const text = switches["api.429_body"] === "text";
  return {
    status: 429,
    headers: {
      ...(text ? { "content-type": "text/plain; charset=utf-8" } : {}),
      ...counterHeaders(metered.remaining),
      "x-rate-limit-problem": metered.problem,
      ...(metered.retryAfterSeconds === null ? {} : { "retry-after": String(metered.retryAfterSeconds) }),
    },
    body: text ? "Rate Limit Exceeded" : "",
  };
}
