/** What a refusal means, once and for all: its status, its RFC 6749 §5.2 code where a token endpoint says it, whether to try again, and what to do. */
export interface ErrorFacts {
  readonly status: number;
  readonly oauth?:
    | "invalid_request"
    | "invalid_client"
    | "invalid_target"
    | "invalid_scope"
    | "unsupported_grant_type"
    | "consent_required"
    | "temporarily_unavailable"
    | "server_error";
  readonly retry: "never" | "later" | "after-consent";
  /** One sentence for whoever meets it: what is wrong and what to do. */
  readonly message: string;
}

export const ERRORS = {
  // Token endpoint
  request_malformed: {
    status: 400,
    oauth: "invalid_request",
    retry: "never",
    message: "The request could not be read. Send a form-encoded body with each parameter once.",
  },
  grant_type_unsupported: {
    status: 400,
    oauth: "unsupported_grant_type",
    retry: "never",
    message: "Only grant_type=client_credentials is served here.",
  },
  scope_unknown: {
    status: 400,
    oauth: "invalid_scope",
    retry: "never",
    message:
      "The scope parameter may only name a connection (connection:NAME). What the token may do was decided at consent.",
  },
  caller_authentication_failed: {
    status: 401,
    oauth: "invalid_client",
    retry: "never",
    message: "The client id or secret is wrong, expired or disabled. Check the caller's credentials.",
  },
  caller_authentication_ambiguous: {
    status: 400,
    oauth: "invalid_request",
    retry: "never",
    message: "Use one way of client authentication: the Authorization header, a secret in the body, or an assertion.",
  },
  caller_assertion_refused: {
    status: 401,
    oauth: "invalid_client",
    retry: "never",
    message: "The assertion is signed by somebody who may sign it, and does not say what it has to. See the detail.",
  },
  caller_assertion_replayed: {
    status: 401,
    oauth: "invalid_client",
    retry: "never",
    message: "This assertion was used before. Sign one with a jti of its own for each request.",
  },
  caller_keys_unavailable: {
    status: 503,
    oauth: "temporarily_unavailable",
    retry: "later",
    message: "The keys to check this assertion with cannot be had now. Try again after Retry-After.",
  },
  caller_network_refused: {
    status: 401,
    oauth: "invalid_client",
    retry: "never",
    message: "This caller may not call from this address. An operator can see and set from where it may.",
  },
  caller_too_frequent: {
    status: 429,
    oauth: "temporarily_unavailable",
    retry: "later",
    message:
      "This caller asks more often than it may. Try again after Retry-After; keep a token for as long as it lives.",
  },
  connection_not_named: {
    status: 400,
    oauth: "invalid_request",
    retry: "never",
    message: "Name the connection: use its own token endpoint, or send resource, audience or scope=connection:NAME.",
  },
  connection_names_disagree: {
    status: 400,
    oauth: "invalid_request",
    retry: "never",
    message: "The request names different connections. Name one.",
  },
  connection_not_available: {
    status: 400,
    oauth: "invalid_target",
    retry: "never",
    message: "There is no such connection for this caller. Check the name and the caller's permissions.",
  },
  consent_required: {
    status: 400,
    oauth: "consent_required",
    retry: "after-consent",
    message: "A person has to give consent again before this connection can be used.",
  },
  connection_disabled: {
    status: 400,
    oauth: "invalid_target",
    retry: "never",
    message: "This connection was disabled by an operator.",
  },
  token_not_ready: {
    status: 503,
    oauth: "temporarily_unavailable",
    retry: "later",
    message: "No valid token yet: a new one is being fetched. Try again after Retry-After.",
  },
  provider_unreachable: {
    status: 503,
    oauth: "temporarily_unavailable",
    retry: "later",
    message:
      "The provider's token endpoint gives no usable answer. Evergrant goes on asking; try again after Retry-After.",
  },
  app_refused: {
    status: 503,
    oauth: "temporarily_unavailable",
    retry: "later",
    message:
      "The provider refuses our app's own credentials. An operator has to check the app's client secret; the grant is unharmed.",
  },
  // Gateway
  api_path_refused: {
    status: 400,
    retry: "never",
    message:
      "This address could be read in two ways. Send a plain path: no dot segments, empty segments, encoded slashes, backslashes or fragments.",
  },
  api_request_refused: {
    status: 400,
    retry: "never",
    message: "This request could be read in two ways. Send each header once and one length of the body.",
  },
  api_call_forbidden: {
    status: 403,
    retry: "never",
    message: "This call is not passed on, whoever asks: it could destroy or reveal the grant.",
  },
  api_call_not_permitted: {
    status: 403,
    retry: "never",
    message: "This caller's permission does not cover this call. An operator can see and set what it covers.",
  },
  tenant_not_named: {
    status: 400,
    retry: "never",
    message: "Name one organisation, the way the provider's API asks for it: this caller reaches several.",
  },
  tenant_not_available: {
    status: 403,
    retry: "never",
    message:
      "This caller reaches no such organisation through this connection. Check its id and the caller's permissions.",
  },
  api_quota_spent: {
    status: 429,
    retry: "later",
    message: "The provider's limits leave no room for this call now. Try again after Retry-After.",
  },
  api_call_cancelled: {
    status: 503,
    retry: "later",
    message: "The call was given up before it was sent: the caller hung up, or this node stops.",
  },
  api_unreachable: {
    status: 502,
    retry: "later",
    message:
      "The provider's API gave no usable answer. Whether it did what was asked is not known, unless the detail says so.",
  },
  api_timeout: {
    status: 504,
    retry: "later",
    message: "The provider's API said nothing for too long. Whether it did what was asked is not known.",
  },
  api_address_refused: {
    status: 502,
    retry: "never",
    message: "The provider's API resolves to an address that no token is sent to. Check DNS, or the app's origins.",
  },
  api_redirect_refused: {
    status: 502,
    retry: "never",
    message: "The provider's API answered with a redirect to another origin. It is not followed, and not passed on.",
  },
  permission_not_narrowable: {
    status: 400,
    retry: "never",
    message:
      "Only a gateway permission can be narrowed. A token reaches every organisation that the person ever connected to this app, so whoever holds it cannot be held to less: give the right gateway instead, and not the token beside it.",
  },
  narrowing_invalid: {
    status: 400,
    retry: "never",
    message:
      "This cannot be narrowed to. Name organisations by id, methods in capitals, and paths like /a/b, with * for one segment and ** at the end.",
  },
  // Consent
  consent_link_invalid: {
    status: 404,
    retry: "never",
    message: "This link is not valid. Ask the person who sent it for a new one.",
  },
  consent_link_used: {
    status: 410,
    retry: "never",
    message: "This link has been used already. Nothing more is to be done; ask for a new link if something is missing.",
  },
  consent_link_expired: {
    status: 410,
    retry: "never",
    message: "This link has expired. Ask the person who sent it for a new one.",
  },
  consent_not_needed: {
    status: 409,
    retry: "never",
    message: "This connection works and needs no new consent. There is nothing to do.",
  },
  consent_cross_site: {
    status: 403,
    retry: "never",
    message: "Start from the consent page itself: this request came from another site.",
  },
  consent_callback_invalid: {
    status: 400,
    retry: "never",
    message: "This answer does not belong to a consent that was started here. Open the link again and start over.",
  },
  consent_browser_mismatch: {
    status: 403,
    retry: "never",
    message: "This consent was started in another browser. Open the link and finish it in the same browser.",
  },
  consent_session_expired: {
    status: 410,
    retry: "never",
    message: "This consent took too long. Open the link again and start over.",
  },
  consent_declined: {
    status: 200,
    retry: "after-consent",
    message: "Access was declined. Nothing was connected; open the link again to change your mind.",
  },
  consent_code_refused: {
    status: 502,
    retry: "after-consent",
    message: "The provider did not accept its own authorization code. Nothing was connected; open the link again.",
  },
  consent_answer_lost: {
    status: 502,
    retry: "after-consent",
    message: "The provider's answer was lost after the code was sent. A code works only once; open the link again.",
  },
  consent_answer_incomplete: {
    status: 502,
    retry: "after-consent",
    message:
      "The provider's answer lacks a refresh token, or an organisation that it is for. Check that the app asks for offline access and that the account has an organisation, then open the link again.",
  },
  consent_not_waiting: { status: 409, retry: "never", message: "This consent is not waiting for a decision." },
  consent_superseded: {
    status: 409,
    retry: "never",
    message:
      "A newer consent of the same person is in use, and this one is left aside. Refusing it leaves the newer one alone.",
  },
  consent_to_be_pasted: {
    status: 409,
    retry: "never",
    message:
      "This answer goes to the person who sent you here: copy the whole address of this page and give it to them at once.",
  },
  import_token_known: {
    status: 409,
    retry: "never",
    message:
      "This refresh token was held here before, or it or its connection is in the list twice. Nothing was sent: a token is taken over once.",
  },
  import_refused: {
    status: 409,
    retry: "never",
    message: "Nothing of the list was imported and nothing was sent. The detail names each entry that cannot be.",
  },
  import_needs_consent: {
    status: 409,
    retry: "after-consent",
    message:
      "This provider says to the person's browser alone where a grant belongs, so its tokens cannot be taken over. Nothing was sent; ask for consent.",
  },
  import_token_refused: {
    status: 409,
    retry: "never",
    message:
      "The provider refused the imported refresh token: it was used, revoked or has lapsed. A person has to consent.",
  },
  import_unfinished: {
    status: 409,
    retry: "never",
    message: "The import was cut off before the token was kept. Nothing was sent; import it again.",
  },
  revocation_changed: {
    status: 409,
    retry: "never",
    message: "What would be revoked is not what was agreed to. Look at the list again, then confirm it.",
  },
  // Admin API
  operator_key_invalid: {
    status: 401,
    retry: "never",
    message: "The operator key is missing, wrong, expired or disabled. Send it as a bearer token.",
  },
  operator_role_too_small: {
    status: 403,
    retry: "never",
    message: "This operator's role does not reach that far. See which role it takes, and ask an admin.",
  },
  operator_unknown: { status: 404, retry: "never", message: "There is no operator of this name." },
  operator_key_unknown: { status: 404, retry: "never", message: "This operator has no key of this id." },
  operator_last_admin: {
    status: 409,
    retry: "never",
    message:
      "Nobody would be left to let others in. Give another admin a key that does not expire first, then try again.",
  },
  operator_identity_taken: {
    status: 409,
    retry: "never",
    message: "Another operator is known by this identity. Take it away from them first.",
  },
  sign_in_refused: {
    status: 403,
    retry: "never",
    message: "You have signed in, and nobody here is known by that. Ask an admin to say how you are known.",
  },
  sign_in_invalid: {
    status: 400,
    retry: "never",
    message: "This answer does not belong to a sign-in that this browser began. Start again at the console.",
  },
  sign_in_cross_site: {
    status: 403,
    retry: "never",
    message: "Start from the console's own page: this request came from another site.",
  },
  sign_in_unavailable: {
    status: 503,
    retry: "later",
    message: "Where operators sign in gives no usable answer. Try again, or sign in with an operator key.",
  },
  idempotency_key_invalid: {
    status: 400,
    retry: "never",
    message: "An Idempotency-Key is 1 to 255 visible characters, sent once. Draw a random one for each create.",
  },
  idempotency_key_reused: {
    status: 422,
    retry: "never",
    message: "This Idempotency-Key was used for another request. Draw a new one for each create.",
  },
  idempotency_key_busy: {
    status: 409,
    retry: "later",
    message: "A request with this Idempotency-Key is being carried out. Send it again after Retry-After.",
  },
  idempotency_outcome_unknown: {
    status: 409,
    retry: "never",
    message:
      "A request with this Idempotency-Key broke off, and how far it came is not known. Look at what is there, then use a new key.",
  },
  idempotency_answer_erased: {
    status: 409,
    retry: "never",
    message:
      "What this Idempotency-Key made was answered once; the answer was erased with a connection that it was about. Use a new key for another create.",
  },
  audit_broken: {
    status: 409,
    retry: "never",
    message: "The audit is not as it was written: a record was changed or removed, or the database was put back.",
  },
  input_invalid: {
    status: 400,
    retry: "never",
    message: "The request does not have the expected shape. See the details.",
  },
  body_too_large: { status: 413, retry: "never", message: "The request body is too large." },
  media_type_unsupported: {
    status: 415,
    retry: "never",
    message: "Send application/x-www-form-urlencoded to the token endpoint and application/json to the admin API.",
  },
  route_unknown: { status: 404, retry: "never", message: "There is nothing at this address." },
  method_not_allowed: { status: 405, retry: "never", message: "This address does not take that method." },
  recipient_unknown: { status: 404, retry: "never", message: "There is no recipient of this id." },
  recipient_exists: {
    status: 409,
    retry: "never",
    message: "This address is told already. See the list of recipients.",
  },
  recipient_address_invalid: {
    status: 400,
    retry: "never",
    message:
      "Name one mail address, or an https address (plain http on this machine alone) without user, password and fragment.",
  },
  recipient_has_no_secret: {
    status: 409,
    retry: "never",
    message: "Only webhooks are signed: a mail address has no secret to replace.",
  },
  mail_server_missing: {
    status: 409,
    retry: "never",
    message: "This node has no mail server, so no mail can be sent. Start it with --smtp.",
  },
  name_taken: { status: 409, retry: "never", message: "This name is in use. Choose another." },
  provider_unknown: { status: 400, retry: "never", message: "No provider has this name. See the list of providers." },
  app_unknown: { status: 404, retry: "never", message: "There is no app of this name." },
  connection_unknown: { status: 404, retry: "never", message: "There is no connection of this name." },
  caller_authentication_invalid: {
    status: 400,
    retry: "never",
    message: "This caller could not be told by that. Give public keys, exact identities and networks; see the detail.",
  },
  caller_secret_unknown: { status: 404, retry: "never", message: "This caller has no secret of this id." },
  caller_unknown: { status: 404, retry: "never", message: "There is no caller of this id." },
  consent_unknown: { status: 404, retry: "never", message: "There is no consent of this id." },
  host_refused: {
    status: 421,
    retry: "never",
    message: "This Host name is not served here. Use the configured address.",
  },
  origins_refused: {
    status: 400,
    retry: "never",
    message:
      "Replaced origins must be https, or http on loopback, without path, query or credentials. Only an issuer may have a path.",
  },
  warm_hours_invalid: {
    status: 400,
    retry: "never",
    message: "Warm hours are always, idle, or a cron expression of five fields with a time zone.",
  },
  kind_mismatch: { status: 409, retry: "never", message: "This is not possible for a connection of this kind." },
  internal_error: {
    status: 500,
    oauth: "server_error",
    retry: "later",
    message: "Something failed on our side. It was logged with the request id.",
  },
  store_unavailable: {
    status: 503,
    oauth: "temporarily_unavailable",
    retry: "later",
    message: "The database does not answer. Valid tokens are served meanwhile; try again.",
  },
  store_quarantined: {
    status: 503,
    oauth: "temporarily_unavailable",
    retry: "later",
    message:
      "The database may have been restored or copied, so nothing is spent until an operator says which: evergrant quarantine. Valid tokens are served meanwhile.",
  },
  quarantine_not_begun: {
    status: 409,
    retry: "never",
    message: "This node is not in quarantine. There is nothing to release.",
  },
  request_too_frequent: {
    status: 429,
    retry: "later",
    message: "Too many requests from this address. Try again after Retry-After.",
  },
  // Start
  port_taken: {
    status: 500,
    retry: "never",
    message: "The port is in use by another program. Stop it or choose another with --port.",
  },
  listen_failed: {
    status: 500,
    retry: "never",
    message: "The address cannot be listened on. Check the host, the port and this user's rights.",
  },
  kek_malformed: {
    status: 500,
    retry: "never",
    message:
      "The key file cannot be read as a key ring. Put the right file back; each line is ID:KEY with 32 bytes in base64.",
  },
  kek_missing: {
    status: 500,
    retry: "never",
    message: "The store has grants but its key file is gone. Put the key file back; without it nothing can be opened.",
  },
  kek_wrong: {
    status: 500,
    retry: "never",
    message: "The key does not open this store. Use the key that it was made with.",
  },
  kms_unavailable: {
    status: 503,
    retry: "later",
    message:
      "The key-management service does not answer, or failed. A node that runs goes on; one that starts needs it.",
  },
  kms_refused: {
    status: 403,
    retry: "never",
    message:
      "The key-management service refused. Check the key's name, the credentials, and what they are allowed to do.",
  },
  kms_misconfigured: {
    status: 500,
    retry: "never",
    message: "The key-management service is not described completely. See docs/keys.md for what it needs.",
  },
  key_source_fixed: {
    status: 409,
    retry: "never",
    message: "Keys come from where this node cannot write. Add a key there, restart each node, then name it with --to.",
  },
  key_unknown: {
    status: 404,
    retry: "never",
    message: "This node has no key of this id. See: evergrant keys",
  },
  key_not_everywhere: {
    status: 409,
    retry: "never",
    message: "Not every node has this key yet. Bring it to the nodes that the detail names, then name it with --to.",
  },
  key_in_use: {
    status: 409,
    retry: "never",
    message: "Something still needs this key. The detail says what; wait for it, then retire the key.",
  },
  store_not_empty: {
    status: 409,
    retry: "never",
    message: "A backup is only put into an empty store, and this one holds something. Nothing was changed.",
  },
  backup_damaged: {
    status: 422,
    retry: "never",
    message: "This is not a whole backup of ours: it was cut off, changed, or is something else. Use another copy.",
  },
  store_unopenable: {
    status: 500,
    retry: "never",
    message: "The database cannot be opened. Check its path, rights and disk.",
  },
  store_newer: {
    status: 500,
    retry: "never",
    message: "The database was written by a newer version. Start that version or a newer one.",
  },
  journal_held: {
    status: 500,
    retry: "never",
    message: "Another process holds the journal folder. Stop it, or give this node a folder of its own.",
  },
  journal_on_memory: {
    status: 500,
    retry: "never",
    message: "The journal folder lies on a memory disk and would not outlive the machine. Put it on a real disk.",
  },
  clock_skewed: {
    status: 500,
    retry: "later",
    message:
      "This machine's clock and the time that the store goes by are more than 5 seconds apart. Synchronise the clock that is wrong.",
  },
  journal_unwritable: {
    status: 500,
    retry: "never",
    message: "The journal folder cannot be written. Check its path, rights and disk.",
  },
  journal_unreadable: {
    status: 500,
    retry: "never",
    message:
      "The journal is damaged before its end. Put the folder back from its disk or backup; what it holds may be the only copy of a token.",
  },
  journal_foreign: {
    status: 500,
    retry: "never",
    message: "The journal belongs to another deployment. Give this node the journal that goes with its store.",
  },
  timing_impossible: {
    status: 500,
    retry: "never",
    message: "The limits break an inequality of the refresh protocol. See the details.",
  },
  provider_file_invalid: {
    status: 500,
    retry: "never",
    message: "A file that describes a provider is not right. The details name each field.",
  },
  public_url_required: {
    status: 500,
    retry: "never",
    message: "Off loopback a public URL is required: start with --public-url.",
  },
  plain_http_refused: {
    status: 500,
    retry: "never",
    message: "Plain http is refused off loopback. Use an https public URL.",
  },
  sign_in_misconfigured: {
    status: 500,
    retry: "never",
    message: "Operators cannot sign in by what is configured. See the detail.",
  },
  mail_server_invalid: {
    status: 500,
    retry: "never",
    message: "The mail server or the sender cannot be used. Check --smtp and --mail-from.",
  },
  follow_clock_refused: {
    status: 500,
    retry: "never",
    message: "A clock can be followed only from loopback and only beside loopback providers.",
  },
  node_unreachable: {
    status: 500,
    retry: "later",
    message: "No running Evergrant answers. Start one, or give its address with --url.",
  },
} as const satisfies Record<string, ErrorFacts>;

export type ErrorCode = keyof typeof ERRORS;

/** Every refusal that leaves a package. `code` narrows; `detail` is safe to show and never holds a secret. */
export class EvergrantError extends Error {
  override readonly name = "EvergrantError";
  readonly code: ErrorCode;
  readonly detail: string | null;
  readonly retryAfterMs: number | null;

  constructor(code: ErrorCode, more: { detail?: string; retryAfterMs?: number; cause?: unknown } = {}) {
    super(more.detail === undefined ? ERRORS[code].message : `${ERRORS[code].message} (${more.detail})`, {
      cause: more.cause,
    });
    this.code = code;
    this.detail = more.detail ?? null;
    this.retryAfterMs = more.retryAfterMs ?? null;
  }

  get facts(): ErrorFacts {
    return ERRORS[this.code];
  }
}
