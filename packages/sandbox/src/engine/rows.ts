import type {
  Account,
  ApiUsage,
  BankTransaction,
  Contact,
  Invoice,
  Payment,
  RememberedAnswer,
} from "./accounting-rows.ts";
import type { ConsentLink, Mail, Purchase } from "./custom-connection-rows.ts";
import type { Tier } from "./tiers.ts";
import type { Webhook, WebhookEvent } from "./webhook-rows.ts";

export type Role = "Adviser" | "Standard" | "Invoice only" | "Read only";
export const ROLES = ["Adviser", "Standard", "Invoice only", "Read only"] as const satisfies readonly Role[];

/** Only these may connect an app (or disconnect it). */
export const mayConnect: { readonly [R in Role]: boolean } = {
  Adviser: true,
  Standard: true,
  "Invoice only": false,
  "Read only": false,
};

export interface User {
  /** The `sub` claim: 32 hex digits. */
  readonly id: string;
  readonly xeroUserId: string;
  readonly email: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly passwordHash: string;
}

export interface Organisation {
  /** The tenant id. */
  readonly id: string;
  readonly name: string;
  readonly legalName: string;
  readonly shortCode: string;
  readonly countryCode: string;
  readonly baseCurrency: string;
  readonly timezone: string;
  readonly isDemoCompany: boolean;
  readonly createdAtMs: number;
}

export interface Membership {
  readonly userId: string;
  readonly organisationId: string;
  readonly role: Role;
}

/** `deactivated`: edited, or its user lost the right to connect; `lapsed`: its subscription ended. Only a consent makes it active (again). */
export type CustomConnectionState = "awaiting-consent" | "active" | "deactivated" | "lapsed";

export interface CustomConnection {
  readonly companyUrl?: string;
  readonly authorisingUserId: string;
  /** Chosen when the person consents. */
  readonly organisationId: string | null;
  readonly state: CustomConnectionState;
  readonly connectionId: string;
  readonly authorisedAtMs: number | null;
}

export interface AppSecret {
  readonly id: string;
  readonly hash: string;
}

export interface AppFacts {
  readonly clientId: string;
  readonly name: string;
  /** The scopes it may ask for; null: every scope an ordinary app can have. */
  readonly scopes: readonly string[] | null;
  readonly createdAtMs: number;
  /** What it pays for, and so its limits; absent: it is outside the tiers, and may be connected to any number of organisations. */
  readonly tier?: Tier;
  /** false: it counts towards the two uncertified apps that an organisation may have. Absent: it does not. */
  readonly certified?: boolean;
}

export type App =
  | (AppFacts & {
      readonly kind: "web";
      readonly secrets: readonly AppSecret[];
      readonly redirectUris: readonly string[];
    })
  | (AppFacts & { readonly kind: "pkce"; readonly redirectUris: readonly string[] })
  | (AppFacts & {
      readonly kind: "custom-connection";
      readonly secrets: readonly AppSecret[];
      readonly custom: CustomConnection;
    });

export type RevokedReason =
  | "reuse"
  | "code-replay"
  | "superseded"
  | "client-revoked"
  | "second-consent"
  | "password-changed"
  | "token-revoked"
  | "rotated"
  | "operator";

/** What one person gave one app. */
export interface Grant {
  readonly id: string;
  readonly clientId: string;
  readonly userId: string;
  /** Consented so far; each consent adds. */
  readonly scopes: readonly string[];
  readonly createdAtMs: number;
}

/** One consent's line of tokens. */
export interface Family {
  readonly id: string;
  readonly grantId: string;
  readonly clientId: string;
  readonly userId: string;
  readonly scopes: readonly string[];
  readonly authEventId: string;
  readonly authTimeMs: number;
  readonly sessionId: string;
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
  readonly revokedReason: RevokedReason | null;
  /** Whether the revocation also ended the access tokens. */
  readonly accessEnded: boolean;
}

export interface RefreshToken {
  readonly hash: string;
  /** The label it was minted from: the token itself is never kept. */
  readonly label: string;
  readonly familyId: string;
  readonly clientId: string;
  readonly parentHash: string | null;
  readonly generation: number;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly firstUsedAtMs: number | null;
  readonly lastUsedAtMs: number | null;
  readonly useCount: number;
  readonly successorHashes: readonly string[];
  /** The newest access token that came with it. */
  readonly accessTokenId: string;
  readonly revokedAtMs: number | null;
  readonly revokedReason: RevokedReason | null;
  readonly refusals: number;
  readonly lastRefusedAtMs: number | null;
}

export interface AccessToken {
  /** The `jti` claim. */
  readonly id: string;
  readonly clientId: string;
  /** null: a Custom Connection's token. */
  readonly familyId: string | null;
  readonly userId: string | null;
  /** The one organisation of a Custom Connection's token. */
  readonly organisationId?: string;
  readonly scopes: readonly string[];
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly firstUsedAtMs: number | null;
  readonly lastUsedAtMs: number | null;
  readonly revokedAtMs: number | null;
  readonly revokedReason: RevokedReason | null;
}

export interface Code {
  readonly hash: string;
  readonly clientId: string;
  readonly userId: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly challenge: string | null;
  readonly nonce: string | null;
  readonly authEventId: string;
  readonly authTimeMs: number;
  readonly sessionId: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly usedAtMs: number | null;
  readonly familyId: string | null;
}

export type EndedReason =
  | "disconnected"
  | "deleted-by-app"
  | "role-lost"
  | "revoked"
  | "organisation-left"
  | "demo-reset"
  | "pushed-out";

export interface Connection {
  readonly id: string;
  readonly clientId: string;
  readonly userId: string;
  readonly tenantId: string;
  readonly authEventId: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly endedAtMs: number | null;
  readonly endedReason: EndedReason | null;
}

export interface Login {
  readonly hash: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly authTimeMs: number;
  readonly expiresAtMs: number;
}

export type ScheduledAction =
  | { readonly kind: "disconnect"; readonly connectionId: string }
  | { readonly kind: "set-role"; readonly userId: string; readonly organisationId: string; readonly role: Role | null }
  | { readonly kind: "deactivate-custom-connection"; readonly clientId: string }
  | { readonly kind: "reset-demo-company"; readonly organisationId: string }
  | { readonly kind: "end-purchase"; readonly clientId: string }
  | { readonly kind: "revoke-grant"; readonly grantId: string };

export interface ScheduledEvent {
  readonly id: string;
  readonly atMs: number;
  readonly action: ScheduledAction;
}

/** Single values: the number of draws, the clock offset, the switches, the seed. */
export interface Setting {
  readonly value: unknown;
}

/** Everything the provider knows, by table. */
export interface Tables {
  readonly users: User;
  readonly organisations: Organisation;
  readonly memberships: Membership;
  readonly apps: App;
  readonly grants: Grant;
  readonly families: Family;
  readonly refreshTokens: RefreshToken;
  readonly accessTokens: AccessToken;
  readonly codes: Code;
  readonly connections: Connection;
  readonly logins: Login;
  readonly accounts: Account;
  readonly contacts: Contact;
  readonly invoices: Invoice;
  readonly payments: Payment;
  readonly bankTransactions: BankTransaction;
  readonly rememberedAnswers: RememberedAnswer;
  readonly apiUsage: ApiUsage;
  readonly purchases: Purchase;
  readonly consentLinks: ConsentLink;
  readonly mails: Mail;
  readonly webhooks: Webhook;
  readonly webhookEvents: WebhookEvent;
  readonly scheduled: ScheduledEvent;
  readonly settings: Setting;
}

export type TableName = keyof Tables;

export const TABLES = [
  "users",
  "organisations",
  "memberships",
  "apps",
  "grants",
  "families",
  "refreshTokens",
  "accessTokens",
  "codes",
  "connections",
  "logins",
  "accounts",
  "contacts",
  "invoices",
  "payments",
  "bankTransactions",
  "rememberedAnswers",
  "apiUsage",
  "purchases",
  "consentLinks",
  "mails",
  "webhooks",
  "webhookEvents",
  "scheduled",
  "settings",
] as const satisfies readonly TableName[];
