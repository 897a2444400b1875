import type { ApiCall, CallerId, ConnectionId, Narrowing, Secret } from "@evergrant/core";
import type { CallerAuthentication, Right } from "../ports/caller-store.ts";
import type { Page, PageAsk } from "./pages.ts";

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
  /**
   * SHA-256 (hex) of a token that the provider's API refused: a claim. If it is about the token in hand the API itself is asked, at most
   * once a minute for each grant, and only its refusal brings another token.
   */
  readonly refusedSha256?: string;
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

export interface Callers {
  add(caller: NewCaller): Promise<{ readonly caller: CallerView; readonly clientSecret: Secret }>;
  /** One without a secret: it shows who it is by what `authentication` says. */
  addSecretless(caller: NewCaller): Promise<CallerView>;
  list(): Promise<readonly CallerView[]>;
  /** The list, oldest first. */
  page(from: PageAsk): Promise<Page<CallerView>>;
  /** Adds one in front of the other; of those before, only the newest that has not expired stays. */
  addSecret(
    id: CallerId,
    secret: { readonly expiresAtMs: number | null; readonly by: string },
  ): Promise<{ readonly clientSecret: Secret }>;
  removeSecret(id: CallerId, secret: string, by: string): Promise<CallerView>;
  /** How it may show who it is besides its secrets, from where, and how often. @throws caller_authentication_invalid */
  setAuthentication(id: CallerId, authentication: CallerAuthentication, by: string): Promise<CallerView>;
  setPermissions(id: CallerId, permissions: readonly PermissionName[], by: string): Promise<CallerView>;
  setDisabled(id: CallerId, disabled: boolean, by: string): Promise<CallerView>;
  /**
   * Who a request is from, whose peer has the address `from`. By a secret in memory, and in a time that tells nothing.
   * @throws caller_authentication_failed · caller_network_refused · caller_too_frequent, and for an assertion
   * caller_assertion_refused · caller_assertion_replayed · caller_keys_unavailable · store_unavailable · request_malformed
   */
  authenticate(credential: CallerCredential, from: string | null): Promise<CallerPrincipal>;
}

export interface NewCaller {
  readonly name: string;
  readonly permissions: readonly PermissionName[];
  /** Left out: by its secret alone, from anywhere. */
  readonly authentication?: CallerAuthentication;
  readonly by: string;
}

export interface CallerView {
  readonly id: CallerId;
  readonly name: string;
  readonly permissions: readonly PermissionName[];
  readonly secrets: readonly {
    readonly id: string;
    readonly createdAtMs: number;
    readonly expiresAtMs: number | null;
    readonly lastUsedAtMs: number | null;
  }[];
  readonly authentication: CallerAuthentication;
  readonly keysLastUsedAtMs: number | null;
  readonly workloadLastUsedAtMs: number | null;
  readonly disabledAtMs: number | null;
  readonly createdAtMs: number;
}
