import { countOrNull, facts, oneOf, type SwitchFacts, seconds } from "./switch-facts.ts";
import { TIERS, type Tier } from "./tiers.ts";

/** The switches of the accounting API and its limits. */
export interface ApiSwitches {
  readonly "limits.tier": "by-app" | Tier;
  readonly "limits.concurrent": number | null;
  readonly "limits.minute": number | null;
  readonly "limits.day": number | null;
  readonly "limits.app_minute": number | null;
  readonly "api.429_body": "text" | "empty";
  readonly "api.batch": "all-or-nothing" | "keep-valid";
  readonly "api.latency_ms": number | null;
  readonly "idempotency.ttl_seconds": number;
}

/** Xero's values. */
export const xeroApi: ApiSwitches = {
  "limits.tier": "by-app",
  "limits.concurrent": null,
  "limits.minute": null,
  "limits.day": null,
  "limits.app_minute": null,
  "api.429_body": "text",
  "api.batch": "all-or-nothing",
  "api.latency_ms": null,
  "idempotency.ttl_seconds": 360,
};

/** What each of them accepts and means. */
export const API_SWITCHES: { readonly [K in keyof ApiSwitches]: SwitchFacts } = {
  "limits.tier": facts(
    oneOf("by-app", ...TIERS),
    "documented",
    "Whose tier counts: each app's own, or one for all. It decides about organisations, bulk consent and calls a day.",
  ),
  "limits.concurrent": facts(countOrNull, "documented", "Calls in progress of one app to one organisation; null: 5."),
  "limits.minute": facts(countOrNull, "documented", "Calls a minute of one app to one organisation; null: 60."),
  "limits.day": facts(
    countOrNull,
    "documented",
    "Calls a day of one app to one organisation; null: what the tier allows.",
  ),
  "limits.app_minute": facts(countOrNull, "documented", "Calls a minute of one app to all organisations; null: 10000."),
  "api.429_body": facts(oneOf("text", "empty"), "proposal", "Body of a 429."),
  "api.batch": facts(
    oneOf("all-or-nothing", "keep-valid"),
    "proposal",
    "Whether the valid elements of a request that is refused with 400 are kept.",
  ),
  "api.latency_ms": facts(
    countOrNull,
    "proposal",
    "How long, in real time, a call to the API takes; null: no longer than it must.",
  ),
  "idempotency.ttl_seconds": facts(seconds, "evidence", "How long an Idempotency-Key is remembered."),
};
