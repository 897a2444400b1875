import type { Ending } from "@evergrant/core";

/** What a request's end was, as the auditor sees it: on purpose not by the code that is under test. */
export type EndingKind = "success" | "rejected" | "app-error" | "not-executed" | "ambiguous";

export function endingKind(ending: Ending): EndingKind {
  if (ending.kind === "broken") return ending.bytesSent ? "ambiguous" : "not-executed";
  if (ending.status === 429) return "not-executed";
  const text = ending.body.reveal();
  if (ending.status === 200)
    return refreshTokenIn(text) === null && !text.includes('"access_token"') ? "ambiguous" : "success";
  if (ending.status >= 500) return "ambiguous";
  return text.includes('"invalid_grant"') ? "rejected" : "app-error";
}

/** The refresh token of a token answer of the simulated provider, or null. */
export function refreshTokenIn(body: string): string | null {
  return /"refresh_token":"([^"]+)"/.exec(body)?.[1] ?? null;
}
