import type { AppId, ConsentId, HoldReason, Secret } from "@evergrant/core";
import type { ConsentFailure, ConsentOrigin, ConsentProgress, StoredConsent } from "../ports/consent-store.ts";
import type { Page, PageAsk } from "./pages.ts";

/** What faces may ask about consents: links, runs of people through the provider, and an operator's yes or no. */
export interface Consents {
  /** A new first-consent link: shown once, kept as a hash. */
  createLink(request: NewConsentLink): Promise<{ readonly url: string; readonly expiresAtMs: number }>;
  /** The re-consent link of a connection: the same each time, until its epoch is raised. */
  reconsentLink(connection: string): Promise<{ readonly url: string }>;
  /** Makes every link of the connection that was sent so far invalid, of both kinds. Who is on the way by one waits for an operator. */
  revokeLinks(connection: string, by: string): Promise<void>;
  /** What a link would do now. Changes nothing. @throws consent_link_invalid · consent_link_used · consent_link_expired · consent_not_needed */
  look(link: Secret): Promise<ConsentOffer>;
  /** Starts a run bound to this browser; answers where to send it. Throws as `look`. */
  begin(link: Secret, browser: Secret, from?: ConsentOrigin | null): Promise<{ readonly authorizeUrl: string }>;
  /**
   * Starts a run without a browser of ours, for people who cannot reach the public URL: the operator sends them the address, and
   * pastes the one that they end on. @throws consent_not_needed
   */
  beginPasted(connection: string, by: string): Promise<PastedConsent>;
  /** The address that a person ended on, whole, from the operator. Fails closed as `receive`. @throws consent_unknown · consent_callback_invalid */
  receivePasted(consent: ConsentId, address: Secret): Promise<ConsentResult>;
  /**
   * Takes the provider's answer. Fails closed on anything missing, repeated or foreign; the code is sent at most once, a repeated
   * call with the same state and browser answers the stored result.
   * @throws consent_callback_invalid · consent_browser_mismatch · consent_to_be_pasted · consent_session_expired
   */
  receive(callback: ConsentCallback): Promise<ConsentId>;
  /** The stored result, for the browser that made it. @throws consent_unknown · consent_browser_mismatch */
  result(consent: ConsentId, browser: Secret | null): Promise<ConsentResult>;
  /** Those that wait for a yes or no, oldest first. */
  held(from: PageAsk): Promise<Page<HeldConsent>>;
  /** Who consented to a connection, when, from where, and what became of it: newest first. */
  history(connection: string, from: PageAsk): Promise<Page<ConsentView>>;
  /** An operator's yes or no to a held consent. @throws consent_unknown · consent_not_waiting · consent_superseded · connection_unknown */
  decide(consent: ConsentId, decision: { readonly accept: boolean; readonly by: string }): Promise<ConsentResult>;
}

export interface NewConsentLink {
  readonly connection: string;
  /** `any-tenant`: whoever creates the link accepts beforehand whichever organisation is chosen. */
  readonly accept: "ask" | "any-tenant";
  readonly by: string;
}

export interface ConsentOffer {
  readonly purpose: "first" | "again";
  readonly connection: string;
  readonly providerName: string;
  readonly appName: string;
  readonly scopes: readonly string[];
  readonly expectedTenant: string | null;
  readonly requestedBy: string;
}

export interface ConsentCallback {
  readonly app: AppId;
  /** The query as it came, repeated parameters and all. */
  readonly params: URLSearchParams;
  readonly browser: Secret | null;
  readonly from?: ConsentOrigin | null;
}

export interface PastedConsent {
  readonly id: ConsentId;
  /** For the person; ends on a page that need not open. */
  readonly authorizeUrl: string;
  readonly expiresAtMs: number;
}

export type ConsentResult =
  | { readonly kind: "pending"; readonly connection: string }
  | {
      readonly kind: "accepted";
      readonly connection: string;
      readonly tenants: readonly string[];
      readonly subjectName: string | null;
      readonly sharedWith: readonly string[];
    }
  | {
      readonly kind: "held";
      readonly connection: string;
      readonly tenants: readonly string[];
      readonly subjectName: string | null;
      readonly because: readonly HoldReason[];
    }
  | { readonly kind: "refused"; readonly connection: string }
  | { readonly kind: "declined"; readonly connection: string }
  | {
      readonly kind: "failed";
      readonly connection: string;
      readonly code: ConsentFailure;
    };

export interface HeldConsent {
  readonly id: ConsentId;
  readonly connection: string;
  readonly purpose: StoredConsent["purpose"];
  readonly subject: string | null;
  readonly subjectName: string | null;
  /** Organisations chosen now. */
  readonly tenants: readonly string[];
  /** Every organisation that its tokens reach. */
  readonly reaches: readonly string[];
  readonly missingScopes: readonly string[];
  /** Connections that stand on this person's grant already: callers of each would reach the organisations of all. */
  readonly sharedWith: readonly string[];
  readonly because: readonly HoldReason[];
  readonly atMs: number;
  readonly startedAtMs: number;
  readonly from: ConsentOrigin | null;
  readonly pastedBy: string | null;
  /** When its refresh token dies; nothing keeps it alive before it is accepted. */
  readonly lapsesAtMs: number | null;
}

export interface ConsentView {
  readonly id: ConsentId;
  readonly purpose: StoredConsent["purpose"];
  readonly startedAtMs: number;
  readonly from: ConsentOrigin | null;
  readonly pastedBy: string | null;
  readonly outcome: ConsentProgress["kind"];
  readonly atMs: number | null;
  readonly subject: string | null;
  readonly subjectName: string | null;
  readonly tenants: readonly string[];
  readonly scope: string | null;
  /** `rule`, or who said yes or no. */
  readonly decidedBy: string | null;
  readonly because: readonly HoldReason[];
}
