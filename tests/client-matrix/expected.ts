import { type ClientId, clientOf, type ServerName } from "./clients.ts";
import type { Scenario, ScenarioName } from "./scenarios.ts";

/** How a cell ends. */
export type Outcome =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly seen: string; readonly why: string }
  | { readonly kind: "not-applicable"; readonly why: string };

/** Cells in which a client does not pass, looked at. */
interface Failure {
  readonly clients: readonly ClientId[];
  readonly scenario: ScenarioName;
  readonly servers: readonly ServerName[];
  /** What the test sees, word for word. */
  readonly seen: string;
  readonly why: string;
}

const EVERYWHERE = ["sandbox/xero", "sandbox/strict", "oidc-provider"] as const;
const WITHOUT_GRACE = ["sandbox/strict", "oidc-provider"] as const;
const LOST = "the grant is lost: invalid_grant";
const LOST_TO_OAUTH2_FETCH = "the grant is lost: Unable to obtain OAuth2 tokens, a full reauth may be needed";

export const FAILURES: readonly Failure[] = [
  {
    clients: ["xero-node", "newman", "openid-client", "oauth4webapi", "simple-oauth2"],
    scenario: "50 concurrent refreshes",
    servers: WITHOUT_GRACE,
    seen: LOST,
    why: "Each call sends the same refresh token. Where there is no grace the second one is a theft, and the server ends the whole grant. At Xero the 30 minutes of grace cover it.",
  },
  {
    clients: ["xero-node", "newman", "openid-client", "oauth4webapi", "simple-oauth2"],
    scenario: "lost answer",
    servers: WITHOUT_GRACE,
    seen: LOST,
    why: "The refresh token is spent and its successor never arrived; without a grace nobody can help that, and a person has to consent again.",
  },
  {
    clients: ["badgateway-oauth2-client"],
    scenario: "lost answer",
    servers: WITHOUT_GRACE,
    seen: LOST_TO_OAUTH2_FETCH,
    why: "The refresh token is spent and its successor never arrived; without a grace nobody can help that, and a person has to consent again.",
  },
  {
    clients: ["evergrant"],
    scenario: "lost answer",
    servers: WITHOUT_GRACE,
    seen: "the grant is lost: consent_required",
    why: "Not promised, and said beforehand: this provider lets nobody ask again. It says so once the court has looked, and a person consents by its link.",
  },
  {
    clients: ["xero-node", "newman", "openid-client", "oauth4webapi", "simple-oauth2"],
    scenario: "+61 days",
    servers: EVERYWHERE,
    seen: LOST,
    why: "It has no clock: it refreshes when it is called, and after 60 days without a call the refresh token has lapsed.",
  },
  {
    clients: ["badgateway-oauth2-client"],
    scenario: "+61 days",
    servers: EVERYWHERE,
    seen: LOST_TO_OAUTH2_FETCH,
    why: "Its timer lives as long as its process: between two runs of a job nothing refreshes, and after 60 days the refresh token has lapsed.",
  },
  {
    clients: ["simple-oauth2"],
    scenario: "revoke",
    servers: EVERYWHERE,
    seen: "the revocation: status 200",
    why: "RFC 7009 §2.2 answers with an empty 200, and it takes nothing but JSON: `revokeAll` throws after the access token and never sends the refresh token.",
  },
  {
    clients: ["badgateway-oauth2-client"],
    scenario: "wrong secret",
    servers: EVERYWHERE,
    seen: "it says: Unable to obtain OAuth2 tokens, a full reauth may be needed",
    why: "`OAuth2Fetch` keeps the error of a refresh to itself and asks for a new consent, which would not help. `OAuth2Client.refreshToken` would say `invalid_client`.",
  },
  {
    clients: ["badgateway-oauth2-client"],
    scenario: "429",
    servers: EVERYWHERE,
    seen: "it says: Unable to obtain OAuth2 tokens, a full reauth may be needed",
    why: "`OAuth2Fetch` keeps the error of a refresh to itself and asks for a new consent, where waiting would do.",
  },
  {
    clients: ["xero-mcp-server", "passport-oauth2"],
    scenario: "429",
    servers: EVERYWHERE,
    seen: "it does not say for how long",
    why: "It hands the status on and drops the headers, `Retry-After` among them.",
  },
];

/** How a cell has to end; whatever ends otherwise fails its test. */
export function expectedOutcome(client: ClientId, scenario: Scenario, server: ServerName): Outcome {
  const { lacks, cannotReach } = clientOf(client);
  const why = cannotReach[server] ?? lacks[scenario.needs];
  if (why !== undefined) return { kind: "not-applicable", why };
  const failure = FAILURES.find(
    (each) => each.clients.includes(client) && each.scenario === scenario.name && each.servers.includes(server),
  );
  return failure === undefined ? { kind: "passed" } : { kind: "failed", seen: failure.seen, why: failure.why };
}
