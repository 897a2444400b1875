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
  readonly clientAuthentication: "client_secret_basic" | "client_secret_post";
  readonly defaultScopes: readonly string[];
  /** What its authorize request takes beside the parameters of RFC 6749 §4.1.1, RFC 7636 and OpenID Connect's nonce. */
  readonly authorizeParameters: Readonly<Record<string, string>>;
  readonly policy: TokenPolicy;
  readonly errors: ErrorDialect;
  readonly subject: SubjectDiscovery;
  readonly tenants: TenantDiscovery;
  /** How API requests name the tenant. */
  readonly tenantLocator: TenantLocator;
  /** What the gateway has to know of its API. */
  readonly api: ApiRules;
  readonly revocation: "refresh-token" | "none";
  /** A cheap API request for `evergrant call` and examples, relative to the first API origin. */
  readonly examplePath: string | null;
  /** One line per fact: what, and where it is written. */
  readonly sources: Readonly<Record<string, string>>;
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
  /** Its metadata promises `iss` in every answer to an authorize request (RFC 9207 §3); absent where nothing is promised. */
  readonly issuerInAnswer?: boolean;
}

/** Where the provider names the person: a claim of a JWT that it just gave us over TLS, or nowhere. */
export type SubjectDiscovery =
  | { readonly kind: "jwt-claim"; readonly token: "access" | "id"; readonly claim: string }
  | { readonly kind: "none" };

/** How the organisations that a token reaches are found. */
export type TenantDiscovery =
  | {
      readonly kind: "list";
      /** Relative to the first API origin; answers a JSON array. */
      readonly path: string;
      readonly idMember: string;
      readonly nameMember: string;
      /** The provider's own id of the connection, for deleting it. */
      readonly connectionIdMember: string;
      /** Member and access-token claim that tie a tenant to one consent. */
      readonly consentMember: string;
      readonly consentClaim: string;
      readonly updatedMember: string;
      readonly deletable: boolean;
    }
  | { readonly kind: "none" };

/** Where an API request names the organisation it is about. */
export type TenantLocator =
  | { readonly kind: "header"; readonly name: string }
  /** A parameter of the query. */
  | { readonly kind: "query"; readonly name: string }
  /** The segment of the path that comes after this prefix. */
  | { readonly kind: "path"; readonly after: string }
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
