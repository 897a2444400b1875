import type { ApiCall, CallerId, ConnectionId, Narrowing, Secret } from "@evergrant/core";
import type { Right } from "../ports/caller-store.ts";

export interface Tokens {
  /**
   * A valid access token for a connection. Answers at once from memory while it can, waits up to the caller-wait limit otherwise.
   * @throws consent_required · connection_disabled · token_not_ready · provider_unreachable · app_refused · store_unavailable · store_quarantined
   */
  accessToken(connection: ConnectionId, ask?: AccessTokenAsk): Promise<AccessToken>;
  /**
   * Another token instead of one that the provider's API called expired, at most once a minute for each grant; null where there is
   * none to be had. Only the API's own word counts, never a caller's.
   * @throws consent_required · connection_disabled
   */
  replacement(connection: ConnectionId, refused: Secret): Promise<AccessToken | null>;
}

export interface AccessTokenAsk {
  /** A wish, in milliseconds; the answer tells the truth. Default 60 s, capped by the provider's access life. */
  readonly minTtlMs?: number;
}

export interface AccessToken {
  readonly accessToken: Secret;
  readonly tokenType: "Bearer";
  /** What really remains, room for clock differences taken off. */
  readonly expiresInMs: number;
  readonly scope: string;
  readonly tenants: readonly { readonly id: string; readonly name: string }[];
}

/** What a caller shows to say who it is. */
export type CallerCredential =
  | { readonly kind: "secret"; readonly clientId: string; readonly secret: Secret }
  | {
      readonly kind: "assertion";
      /** Null: the one that the assertion itself is from. */
      readonly clientId: string | null;
      readonly assertion: Secret;
      /** Our issuer, where it was shown: what a caller's own assertion has to be for. */
      readonly audience: string;
    };

/** An authenticated caller: asks are answered from memory. */
export interface CallerPrincipal {
  readonly id: CallerId;
  readonly name: string;
  may(right: Right, connection: ConnectionId): boolean;
  /** Whether a `gateway` permission covers this very call. */
  mayCall(connection: ConnectionId, call: ApiCall): boolean;
  /** Of these organisations, those that some `gateway` permission reaches. */
  reached(connection: ConnectionId, tenants: readonly string[]): readonly string[];
}

export interface PermissionName {
  readonly connection: string;
  readonly right: Right;
  /** Of `gateway` alone: what it is narrowed to. Absent: every call through this connection. */
  readonly only?: Narrowing | undefined;
}
