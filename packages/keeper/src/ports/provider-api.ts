import type { Secret } from "@evergrant/core";
import type { Provider, ResolvedEndpoints } from "./provider.ts";

/** An organisation that a token reaches, as the provider lists it. */
export interface Tenant {
  readonly id: string;
  readonly name: string;
  /** The provider's id of the link between app, person and organisation. */
  readonly connectionId: string;
  /** The consent it came from (Xero: `authEventId`); null where the provider does not say. */
  readonly consentEventId: string | null;
  readonly updatedAtMs: number | null;
}

export type TenantsAnswer =
  | { readonly kind: "listed"; readonly tenants: readonly Tenant[] }
  /** The API refused this access token. */
  | { readonly kind: "refused"; readonly status: number; readonly detail: string }
  | { readonly kind: "unreachable"; readonly reason: string };

/** What a cheap call said about the access token that it carried; its body but for its beginning is thrown away. */
export type ProbeAnswer =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** `WWW-Authenticate`. */
      readonly challenge: string | null;
      readonly said: string;
    }
  | { readonly kind: "unreachable"; readonly reason: string };

/** The few calls that the keeper makes to a provider's API and metadata. Total: never throws for what the network does. */
export interface ProviderApi {
  tenants(provider: Provider, endpoints: ResolvedEndpoints, accessToken: Secret): Promise<TenantsAnswer>;
  /** Who gave the token, where the provider's API is what says so. Null where it says nothing, or cannot be asked. */
  subject(provider: Provider, endpoints: ResolvedEndpoints, accessToken: Secret): Promise<string | null>;
  /** One cheap call that shows whether the API still takes a token. `unreachable` too where the provider has no such call. */
  probe(provider: Provider, endpoints: ResolvedEndpoints, accessToken: Secret): Promise<ProbeAnswer>;
  /** Ends one connection at the provider (Xero: DELETE /connections/{id}); `gone` also when it was not there. */
  deleteConnection(
    provider: Provider,
    endpoints: ResolvedEndpoints,
    request: { readonly connectionId: string; readonly accessToken: Secret },
  ): Promise<"gone" | "failed">;
  /** RFC 8414 §3 or OpenID Connect Discovery; the issuer in the answer must be exactly the one asked for. */
  discover(issuer: string): Promise<ResolvedEndpoints | null>;
}
