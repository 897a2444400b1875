import type { ClientError } from "./errors.ts";
import type { Secret } from "./secret.ts";

/** Gives valid access tokens of connections that Evergrant keeps. Made by `createClient`. */
export interface Client extends AsyncDisposable {
  /**
   * A valid access token: from memory while one is good, from Evergrant otherwise. Callers that wait share one request.
   * @throws ClientError with a code of `CLIENT_ERRORS`, or Evergrant's own (`consent_required`, `connection_not_available`, …)
   */
  accessToken(ask?: AccessTokenAsk): Promise<AccessToken>;
  /**
   * `fetch` with the token put in, to the origins in `apiOrigins` alone. Redirects are not followed unless `init.redirect` says so.
   * An answer 401 makes it look for a newer token, and try once more if there is one and the body can be sent again.
   * @throws ClientError as `accessToken`, and `origin_not_allowed`, `client_tenant_missing`, `tenant_unknown`
   */
  fetch(input: string | URL | Request, init?: ClientRequestInit): Promise<Response>;
  /** Hears whenever there is no valid token to give, once per outage and connection. Gives back how to stop listening. */
  onUnable(listen: (unable: Unable) => void): () => void;
  /** Hears what is worth a line in a log. Gives back how to stop listening. */
  onNotice(listen: (notice: Notice) => void): () => void;
  /** Gives up what runs, writes the snapshot and lets go. May be called again. */
  close(): Promise<void>;
}

export interface AccessTokenAsk {
  /** Default: the option `connection`, or the one that `issuer` names. */
  readonly connection?: string;
  /** A wish, in milliseconds; `expiresInMs` tells the truth. Default 60 s. */
  readonly minTtlMs?: number;
  /** Ends this caller's wait; what others wait for goes on. */
  readonly signal?: AbortSignal;
  /** A token that the API has just refused: Evergrant is asked for a newer one, unless there is one already. */
  readonly refused?: Pick<Secret, "reveal">;
}

export interface AccessToken {
  readonly accessToken: Secret;
  readonly tokenType: "Bearer";
  /** What really remains, in milliseconds, when this was handed out. */
  readonly expiresInMs: number;
  readonly scope: string;
  /** The organisations that this token reaches through its connection. */
  readonly tenants: readonly Tenant[];
}

export interface Tenant {
  readonly id: string;
  readonly name: string;
}

export interface ClientRequestInit extends RequestInit {
  readonly connection?: string;
  /** Id or name of the organisation, for the header `tenantHeader`. Default: the only one that the connection reaches. */
  readonly tenant?: string;
}

/** There is no valid token to give for this connection. */
export interface Unable {
  readonly connection: string;
  readonly error: ClientError;
}

export type Notice =
  /** Renewing failed; the token held is served for as long as it is valid. */
  | {
      readonly kind: "degraded";
      readonly connection: string;
      readonly error: ClientError;
      readonly validForMs: number;
    }
  /** Tokens come again. */
  | { readonly kind: "recovered"; readonly connection: string }
  /** The snapshot was not used, or not written. */
  | { readonly kind: "snapshot-trouble"; readonly error: ClientError };
