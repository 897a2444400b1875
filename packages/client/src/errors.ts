import type { Secret } from "./secret.ts";

/** Whether asking again can help: never, by itself after a while, or once a person has given consent. */
export type Retry = "never" | "later" | "after-consent";

interface ErrorFacts {
  readonly retry: Retry;
  /** One sentence: what is wrong and what to do. */
  readonly message: string;
}

/** What this package itself refuses. Refusals of Evergrant come with Evergrant's own codes. All stand in `docs/errors.md`. */
export const CLIENT_ERRORS = {
  client_misconfigured: {
    retry: "never",
    message: "The client was made with an option that cannot work. See the details.",
  },
  client_connection_missing: {
    retry: "never",
    message: "Name the connection: in the call, or once as an option of createClient.",
  },
  client_secret_unavailable: {
    retry: "later",
    message: "The function that gives the client secret failed. See the cause; valid tokens are served meanwhile.",
  },
  client_closed: { retry: "never", message: "This client was closed. Make a new one." },
  evergrant_unreachable: {
    retry: "later",
    message: "Evergrant does not answer. Check its address and whether it runs; valid tokens are served meanwhile.",
  },
  evergrant_answer_foreign: {
    retry: "later",
    message: "What answered is not Evergrant's token endpoint. Check the address, and proxies on the way.",
  },
  origin_not_allowed: {
    retry: "never",
    message: "A token is sent only to the origins listed in apiOrigins. List this one if it is the provider's API.",
  },
  client_tenant_missing: {
    retry: "never",
    message: "This connection reaches several organisations. Say which one with the member tenant.",
  },
  tenant_unknown: {
    retry: "never",
    message: "This connection does not reach the organisation that was named. Check its id or name.",
  },
  xero_client_shared: {
    retry: "never",
    message: "A XeroClient holds one token and cannot serve two connections. Make one XeroClient for each.",
  },
  snapshot_damaged: {
    retry: "never",
    message: "The snapshot cannot be read and is not used. The next token replaces it.",
  },
  snapshot_key_changed: {
    retry: "never",
    message: "The snapshot was sealed with another key and is not used. The next token replaces it.",
  },
  snapshot_foreign: {
    retry: "never",
    message:
      "The snapshot belongs to another caller or deployment and is left alone. Give this client a file of its own.",
  },
  snapshot_newer: {
    retry: "never",
    message: "The snapshot was written by a newer version and is left alone. Use that version, or give another file.",
  },
  snapshot_unwritable: {
    retry: "later",
    message: "The snapshot cannot be written. Check its folder, rights and disk; tokens are served from memory.",
  },
} as const satisfies Record<string, ErrorFacts>;

export type ClientErrorCode = keyof typeof CLIENT_ERRORS;

export interface RefusalFacts {
  readonly code: string;
  readonly message: string;
  readonly retry: Retry;
  readonly status?: number;
  readonly retryAfterMs?: number | null;
  readonly consentUrl?: Secret | null;
  readonly cause?: unknown;
}

/** Every refusal that leaves this package. `code` is one of `CLIENT_ERRORS`, or Evergrant's own; the message never holds a secret. */
export class ClientError extends Error {
  override readonly name = "EvergrantClientError";
  readonly code: string;
  readonly retry: Retry;
  /** HTTP status of Evergrant's answer, where there was one. */
  readonly status: number | null;
  /** How long to wait before asking again, where that is known. */
  readonly retryAfterMs: number | null;
  /** Where a person can give consent again; only for callers with the right `consent`. Whoever opens it can consent, so it is not printed. */
  readonly consentUrl: Secret | null;

  constructor(facts: RefusalFacts) {
    super(facts.message, facts.cause === undefined ? {} : { cause: facts.cause });
    this.code = facts.code;
    this.retry = facts.retry;
    this.status = facts.status ?? null;
    this.retryAfterMs = facts.retryAfterMs ?? null;
    this.consentUrl = facts.consentUrl ?? null;
  }
}

/** A refusal of this package's own, with what made it so in parentheses. */
export function clientError(code: ClientErrorCode, detail?: string, cause?: unknown): ClientError {
  const { retry, message } = CLIENT_ERRORS[code];
  return new ClientError({ code, retry, message: detail === undefined ? message : `${message} (${detail})`, cause });
}
