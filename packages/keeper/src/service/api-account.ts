import type { ApiAccount, CallLimits } from "@evergrant/core";
import type { ApiLimits, ApiRules, RefusalMeaning } from "../ports/provider.ts";

/** The head of an answer of the provider's API; header fields by lower-case name. */
export interface ApiAnswerHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** What an answer says about the limits of an organisation, and of the app. */
export function accountsOf(
  limits: ApiLimits | null,
  answer: ApiAnswerHead,
  nowMs: number,
): { readonly tenant: ApiAccount; readonly app: ApiAccount } {
  const pauseMs = askedPauseMs(answer, nowMs);
  const problem =
    limits?.problem == null ? undefined : limits.problem.windows[answer.headers[limits.problem.header] ?? ""];
  const ofApp = limits?.app.windows.some(({ name }) => name === problem) === true;
  const refused = (windows: CallLimits["windows"]) => {
    const window = windows.findIndex(({ name }) => name === problem);
    return pauseMs === null ? null : { window: window < 0 ? null : window, retryAfterMs: pauseMs };
  };
  const left = (windows: CallLimits["windows"]) =>
    windows.map(({ name }) => wholeNumber(answer.headers[limits?.leftHeaders[name] ?? ""]));
  const tenant = limits?.tenant.windows ?? [];
  const app = limits?.app.windows ?? [];
  return {
    tenant: { left: left(tenant), refused: ofApp ? null : refused(tenant) },
    app: { left: left(app), refused: ofApp ? refused(app) : null },
  };
}

/** Why the provider's API refused a call, as far as its signs tell; `body` is its beginning. */
export function meaningOf(rules: ApiRules, answer: ApiAnswerHead, body: string): RefusalMeaning | null {
  const places = {
    body: body.toLowerCase(),
    "www-authenticate": (answer.headers["www-authenticate"] ?? "").toLowerCase(),
  };
  const sign = rules.refusals.find(
    ({ status, where, holds }) => status === answer.status && places[where].includes(holds),
  );
  return sign?.means ?? null;
}

/** Where a provider refuses for too many calls and says no time: its concurrent calls end sooner than any window. */
const PAUSE_UNSAID_MS = 1_000;
const LONGEST_PAUSE_MS = 24 * 60 * 60_000;

// RFC 9110 §10.2.3: seconds, or a date against the server's own clock.
function askedPauseMs({ status, headers }: ApiAnswerHead, nowMs: number): number | null {
  if (status !== 429 && status !== 503) return null;
  const text = headers["retry-after"]?.trim();
  const seconds = wholeNumber(text);
  if (seconds !== null) return Math.min(seconds * 1000, LONGEST_PAUSE_MS);
  const untilMs = text === undefined ? Number.NaN : Date.parse(text) - (dateMs(headers["date"]) ?? nowMs);
  if (!Number.isNaN(untilMs)) return Math.min(Math.max(0, untilMs), LONGEST_PAUSE_MS);
  return status === 429 ? PAUSE_UNSAID_MS : null;
}

function dateMs(text: string | undefined): number | null {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
