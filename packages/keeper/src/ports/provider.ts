import type { CallLimits, ErrorDialect, PathPattern, TokenPolicy } from "@evergrant/core";

/** One provider as data: what its authorization server and API are like, with the source of each fact. */
export interface Provider {
  readonly id: string;
  readonly displayName: string;
  /** How its tokens are got: with a person's consent, or with the app's own credentials alone. */
  readonly kind: "authorization_code" | "client_credentials";
  readonly endpoints: ProviderEndpoints;
  /** Origins of its API that a token may be sent to. */
  readonly apiOrigins: readonly string[];
  readonly homes: Homes;
  readonly clientAuthentication: ClientAuthentication;
  readonly defaultScopes: readonly string[];
  /** What stands between scopes in its authorize request; RFC 6749 §3.3 says a space. */
  readonly scopeSeparator: " " | ",";
  /** Whether the scopes of a token answer can be held against those asked for: some rename them, or leave some out. */
  readonly scopeAnswer: "comparable" | "not-comparable";
  /** What an authorize request must hold so that a refresh token comes. */
  readonly offline: OfflineAccess;
  /** What its authorize request takes beside the parameters of RFC 6749 §4.1.1, RFC 7636 and OpenID Connect's nonce. */
  readonly authorizeParameters: Readonly<Record<string, string>>;
  /** What a refresh request holds: what RFC 6749 §6 says, or the app's redirect URI as well. */
  readonly refreshRequest: "standard" | "with-redirect-uri";
  readonly policy: TokenPolicy;
  readonly errors: ErrorDialect;
  readonly subject: SubjectDiscovery;
  /** Whether one person's consents for two organisations are one line of refresh tokens, or two that live side by side. */
  readonly grantPer: "person" | "person-and-tenant";
  readonly tenants: TenantDiscovery;
  /** How API requests name the tenant. */
  readonly tenantLocator: TenantLocator;
  /** What the gateway has to know of its API. */
  readonly api: ApiRules;
  readonly revocation: "refresh-token" | "none";
  /** A cheap API request for `evergrant call` and examples, relative to the first API origin. */
  readonly examplePath: string | null;
  /** One per fact, by its name. */
  readonly sources: Readonly<Record<string, FactSource>>;
}

/**
 * What a fact says and where that is written. `unconfirmed`: it is used, though no source says all of it; why, and what happens
 * where it is not so.
 */
export type FactSource = string | { readonly unconfirmed: string };

export type ClientAuthentication = "client_secret_basic" | "client_secret_post";

export type OfflineAccess =
  | { readonly kind: "scope"; readonly scope: string }
  | { readonly kind: "parameter"; readonly name: string; readonly value: string }
  /** It comes with every consent, or (client credentials) is not needed. */
  | { readonly kind: "always" };

/** The places that differ from one grant to another; null: the same for all. */
export interface Homes {
  /** Of the token and revocation endpoints; read from the callback, since the code is sent there. */
  readonly tokenEndpoint: HomeRule | null;
  readonly api: HomeRule | null;
}

/** Where a grant's home is read at consent. It is pinned then: no later answer moves it, only another consent. */
export interface HomeRule {
  readonly from: "callback" | "token-answer";
  /** Of the callback's parameter, or of the answer's member. */
  readonly name: string;
  /** A regular expression for the whole value. What does not fit it is not believed, and the consent fails. */
  readonly pattern: string;
  /** The origin; `{}` stands for the value. */
  readonly origin: string;
}

/** What was read by those rules, for one grant. */
export interface PinnedOrigins {
  readonly tokenEndpoint: string | null;
  readonly api: string | null;
}

/** Endpoints by value, or found by RFC 8414 / OpenID Connect discovery under the app's issuer. */
export type ProviderEndpoints =
  | {
      readonly kind: "fixed";
      readonly issuer: string;
      readonly authorization: string;
      readonly token: string;
      readonly revocation: string | null;
    }
  | { readonly kind: "discovered" };

/** Endpoints as they are used, after an operator's replacement or discovery. */
export interface ResolvedEndpoints {
  readonly issuer: string;
  readonly authorization: string;
  readonly token: string;
  readonly revocation: string | null;
  readonly apiOrigins: readonly string[];
  /** What metadata says of client authentication, in place of the provider's data. */
  readonly clientAuthentication?: ClientAuthentication;
  /** Its metadata promises `iss` in every answer to an authorize request (RFC 9207 §3); absent where nothing is promised. */
  readonly issuerInAnswer?: boolean;
}

/** Where the provider names the person, always in what it gave us itself over TLS. Names of members are joined by dots. */
export type SubjectDiscovery =
  | { readonly kind: "jwt-claim"; readonly token: "access" | "id"; readonly claim: string }
  /** A member of the token answer; `pattern`: what of it (its first group, else the whole). */
  | { readonly kind: "token-answer"; readonly member: string; readonly pattern: string }
  /** A member of what its API answers at this path. */
  | { readonly kind: "api"; readonly path: string; readonly member: string }
  | { readonly kind: "none" };

/** How the organisations that a token reaches are found. */
export type TenantDiscovery =
  | TenantList
  /** One, named by a parameter of the callback. A person can change it: only the API knows whether the token reaches it. */
  | { readonly kind: "callback"; readonly parameter: string; readonly pattern: string }
  /** One, named by a member of the token answer; `pattern`: what of it (its first group, else the whole). */
  | { readonly kind: "token-answer"; readonly member: string; readonly pattern: string }
  | { readonly kind: "none" };

/** Names of members are joined by dots: `business.id`. */
export interface TenantList {
  readonly kind: "list";
  /** Relative to the first API origin; answers JSON. */
  readonly path: string;
  /** Where in the answer the list is; empty: it is the answer. Null: the answer is the one organisation there is. */
  readonly items: string | null;
  readonly idMember: string;
  readonly nameMember: string;
  /** The provider's own id of the connection, for deleting it. Null: it has none. */
  readonly connectionIdMember: string | null;
  /** What ties a tenant to one consent. Null: nothing does, and a consent is for all that its token reaches. */
  readonly consent: {
    /** A member of the tenant that equals this claim of the access token. */
    readonly member: string;
    readonly claim: string;
    /** When the tenant was last connected. */
    readonly updatedMember: string;
  } | null;
  readonly deletable: boolean;
}

/** Where an API request names the organisation it is about. */
export type TenantLocator =
  | { readonly kind: "header"; readonly name: string }
  /** A parameter of the query. */
  | { readonly kind: "query"; readonly name: string }
  /** The segment of the path that comes after these; `*` stands for any one. */
  | { readonly kind: "path"; readonly after: string }
  /** The host itself, which is the grant's home. */
  | { readonly kind: "host" }
  | { readonly kind: "none" };

/** Rules of a provider's API for whoever passes requests on to it. */
export interface ApiRules {
  /** Calls that destroy or reveal the grant, whoever asks. */
  readonly forbidden: readonly ForbiddenCall[];
  /** Calls that are about no organisation. */
  readonly untenanted: readonly PathPattern[];
  /** Header fields passed on besides the usual ones, in lower case. */
  readonly requestHeaders: readonly string[];
  readonly answerHeaders: readonly string[];
  /** Null: not known; then only the provider's `Retry-After` is followed. */
  readonly limits: ApiLimits | null;
  /** How its refusals are told apart; the first sign that fits counts. */
  readonly refusals: readonly RefusalSign[];
}

export interface ForbiddenCall {
  /** Null: every method. */
  readonly methods: readonly string[] | null;
  readonly path: PathPattern;
  /** Ends the sentence "… refused: ". */
  readonly because: string;
}

/** Names of windows are ours, and differ among `tenant` and `app`. */
export interface ApiLimits {
  /** Of each organisation. */
  readonly tenant: CallLimits;
  /** Of all organisations of an app together. */
  readonly app: CallLimits;
  /** The header field that says how many calls are left, by name of window. */
  readonly leftHeaders: Readonly<Record<string, string>>;
  /** The header field of a 429 that says which limit was met, and what its values mean; others mean none of the windows. */
  readonly problem: { readonly header: string; readonly windows: Readonly<Record<string, string>> } | null;
}

export interface RefusalSign {
  readonly status: number;
  readonly where: "body" | "www-authenticate";
  /** In lower case. */
  readonly holds: string;
  readonly means: RefusalMeaning;
}

/** `token-expired`: another token helps. `scope-missing`: none does. `tenant-refused`: the organisation may be gone. */
export type RefusalMeaning = "token-expired" | "scope-missing" | "tenant-refused";
