import type { ErrorDialect, TokenPolicy } from "@evergrant/core";

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
  readonly tenantLocator: { readonly kind: "header"; readonly name: string } | { readonly kind: "none" };
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
