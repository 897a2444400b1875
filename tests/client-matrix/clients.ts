export const SERVERS = ["sandbox/xero", "sandbox/strict", "oidc-provider"] as const;
export type ServerName = (typeof SERVERS)[number];

/** What a client may have a function for. */
export type Operation = "consent" | "renew" | "refresh" | "call" | "revoke";

export interface Client {
  readonly name: string;
  /** null: it is ours. */
  readonly npm: string | null;
  /** How it is used here. */
  readonly usedBy: string;
  /** What it has no function for, with the reason. */
  readonly lacks: Partial<Readonly<Record<Operation, string>>>;
  /** The servers it cannot be led to, with the reason. */
  readonly cannotReach: Partial<Readonly<Record<ServerName, string>>>;
}

const XERO_ONLY = { "oidc-provider": "its addresses are Xero's and cannot be changed" } as const;
const NO_REFRESH_TOKEN = "client credentials have no refresh token";
const NO_API = "it calls no API";

/** Every client of the matrix, and, reviewed, what cannot be asked of it. */
export const CLIENTS = {
  evergrant: {
    name: "Evergrant",
    npm: null,
    usedBy:
      "a running node, with its provider `xero` at sandbox/xero and `generic` at the others; nobody tells it to refresh, callers ask it for tokens and call the API",
    lacks: {},
    cannotReach: {},
  },
  "xero-node": {
    name: "`xero-node`",
    npm: "xero-node",
    usedBy: "`XeroClient`: `apiCallback`, `refreshToken`, `updateTenants`, `revokeToken`",
    lacks: {},
    cannotReach: XERO_ONLY,
  },
  "xero-mcp-server": {
    name: "`@xeroapi/xero-mcp-server`",
    npm: "@xeroapi/xero-mcp-server",
    usedBy:
      "its tool `list-organisation-details` over stdio, with a Custom Connection that a person authorised by the link of the mail",
    lacks: { refresh: NO_REFRESH_TOKEN, revoke: "it has no tool for it, and there is no refresh token to revoke" },
    cannotReach: XERO_ONLY,
  },
  newman: {
    name: "Newman",
    npm: "newman",
    usedBy: "a collection as Xero's: multipart bodies, `/connect/token?=`, credentials in header and body at once",
    lacks: {},
    cannotReach: {
      "oidc-provider": "its requests are Xero's: Xero's paths, and multipart bodies, which no standard knows",
    },
  },
  "openid-client": {
    name: "`openid-client`",
    npm: "openid-client",
    usedBy: "discovery, PKCE, `refreshTokenGrant`, `fetchProtectedResource`, `tokenRevocation`",
    lacks: {},
    cannotReach: {},
  },
  oauth4webapi: {
    name: "`oauth4webapi`",
    npm: "oauth4webapi",
    usedBy: "each request with its `process…` function, all checks on",
    lacks: {},
    cannotReach: {},
  },
  "simple-oauth2": {
    name: "`simple-oauth2`",
    npm: "simple-oauth2",
    usedBy: "`AuthorizationCode`: `getToken`, `refresh`, `revokeAll`",
    lacks: { call: NO_API },
    cannotReach: {},
  },
  "badgateway-oauth2-client": {
    name: "`@badgateway/oauth2-client`",
    npm: "@badgateway/oauth2-client",
    usedBy: "`OAuth2Fetch`, which holds and refreshes the token, over `OAuth2Client`",
    lacks: {},
    cannotReach: {},
  },
  "passport-oauth2": {
    name: "`passport-oauth2`",
    npm: "passport-oauth2",
    usedBy: "the strategy, run as passport does, with state and PKCE",
    lacks: {
      renew: "it signs people in and hands the refresh token over; it has no function to use one",
      refresh: "it signs people in and hands the refresh token over; it has no function to use one",
      call: NO_API,
      revoke: "it has no function to revoke",
    },
    cannotReach: {},
  },
} as const satisfies Readonly<Record<string, Client>>;

export type ClientId = keyof typeof CLIENTS;
export const CLIENT_IDS = Object.keys(CLIENTS) as ClientId[];

/** A client as data that is read alike for all. */
export const clientOf = (id: ClientId): Client => CLIENTS[id];
