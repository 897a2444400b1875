import { countOrNull, facts, oneOf, type SwitchFacts, seconds } from "./switch-facts.ts";

/** What nobody outside Xero knows, or what can be turned, of Custom Connections, of apps on their own behalf and of webhooks. */
export interface CustomConnectionSwitches {
  readonly "cc.scope_rule": "by-creation-date" | "listed-or-omitted" | "reject-explicit";
  readonly "cc.connections": "empty" | "one" | "forbidden";
  readonly "cc.tenant_header": "optional" | "required";
  readonly "cc.inactive_error": "unauthorized_client" | "invalid_client";
  readonly "cc.token_claims": "client-only" | "user-like";
  readonly "cc.broad_scopes": "by-creation-date" | "allow";
  readonly "cc.purchase": "required" | "not-needed";
  readonly "cc.mail_link_ttl_seconds": number | null;
  readonly "app_credentials.omitted_scope": "all" | "refuse";
  readonly "webhook.retry_first_seconds": number;
  readonly "webhook.retry_window_seconds": number;
}

export const xeroCustomConnections: CustomConnectionSwitches = {
  "cc.scope_rule": "by-creation-date",
  "cc.connections": "empty",
  "cc.tenant_header": "optional",
  "cc.inactive_error": "unauthorized_client",
  "cc.token_claims": "client-only",
  "cc.broad_scopes": "by-creation-date",
  "cc.purchase": "required",
  "cc.mail_link_ttl_seconds": null,
  "app_credentials.omitted_scope": "all",
  "webhook.retry_first_seconds": 60,
  "webhook.retry_window_seconds": 86_400,
};

export const CUSTOM_CONNECTION_SWITCHES: { readonly [K in keyof CustomConnectionSwitches]: SwitchFacts } = {
  "cc.scope_rule": facts(
    oneOf("by-creation-date", "listed-or-omitted", "reject-explicit"),
    "evidence",
    "Whether client credentials may name scopes; by-creation-date: only those of connections made before 29 April 2026.",
  ),
  "cc.connections": facts(
    oneOf("empty", "one", "forbidden"),
    "evidence",
    "What GET /connections gives with a Custom Connection's token.",
  ),
  "cc.tenant_header": facts(
    oneOf("optional", "required"),
    "evidence",
    "Whether a Custom Connection's call must name its tenant.",
  ),
  "cc.inactive_error": facts(
    oneOf("unauthorized_client", "invalid_client"),
    "proposal",
    "Token error of a Custom Connection that is not active.",
  ),
  "cc.token_claims": facts(
    oneOf("client-only", "user-like"),
    "proposal",
    "Whether a Custom Connection's token names the person who authorised it.",
  ),
  "cc.broad_scopes": facts(
    oneOf("by-creation-date", "allow"),
    "documented",
    "Whether Custom Connections made from 29 April 2026 on may have the broad scopes.",
  ),
  "cc.purchase": facts(
    oneOf("required", "not-needed"),
    "documented",
    "Whether a live organisation has to buy a Custom Connection before it is authorised.",
  ),
  "cc.mail_link_ttl_seconds": facts(countOrNull, "proposal", "Life of the link in the mail; null: no end."),
  "app_credentials.omitted_scope": facts(
    oneOf("all", "refuse"),
    "identityserver",
    "What an ordinary app gets that asks for client credentials without a scope.",
  ),
  "webhook.retry_first_seconds": facts(
    seconds,
    "proposal",
    "Time until a failed webhook delivery is repeated; each further time doubles, up to 4 hours.",
  ),
  "webhook.retry_window_seconds": facts(
    seconds,
    "documented",
    "How long failed deliveries are repeated before the webhook is disabled.",
  ),
};
