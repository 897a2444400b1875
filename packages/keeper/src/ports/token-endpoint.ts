import type { Ending, Secret } from "@evergrant/core";

/** One request to a provider's token endpoint, RFC 6749 §4.1.3, §4.4.2, §6. */
export interface TokenRequest {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: Secret | null;
  readonly clientAuthentication: "client_secret_basic" | "client_secret_post";
  readonly grant: TokenGrant;
  /** Real time: sockets do not follow a moved clock. */
  readonly timeoutMs: number;
}

export type TokenGrant =
  | {
      readonly kind: "refresh_token";
      readonly refreshToken: Secret;
      /** Only where the provider asks for it: RFC 6749 §6 does not know it. */
      readonly redirectUri?: string;
    }
  | {
      readonly kind: "authorization_code";
      readonly code: Secret;
      readonly redirectUri: string;
      readonly codeVerifier: Secret;
    }
  | { readonly kind: "client_credentials"; readonly scope: string | null };

/** Speaks to token endpoints. Never throws for what the network does; never follows a redirect; never retries by itself. */
export interface TokenEndpoint {
  /** `sent` is called once, when the whole request has been handed to the socket; not at all when it never was. */
  send(request: TokenRequest, sent: () => void): Promise<Ending>;
  /** RFC 7009. `done` only for a 2xx: anything else is worth another try. */
  revoke(request: Omit<TokenRequest, "grant"> & { readonly token: Secret }): Promise<"done" | "failed">;
}
