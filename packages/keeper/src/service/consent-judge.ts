import { type ConsentExpectation, type HoldReason, judgeConsent } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { ImportedToken, StoredConsent } from "../ports/consent-store.ts";
import type { Findings } from "./consent-findings.ts";
import type { ConsentLinks } from "./consent-links.ts";
import type { ServiceContext } from "./service-context.ts";

/** Holds what a consent brought against what was expected of its connection. */
export class ConsentJudge {
  readonly #context: ServiceContext;
  readonly #links: ConsentLinks;

  constructor(context: ServiceContext, links: ConsentLinks) {
    this.#context = context;
    this.#links = links;
  }

  /** The reasons to ask an operator; none: the rule says yes. */
  async judge(
    consent: StoredConsent,
    connection: StoredConnection,
    found: Omit<Findings, "link">,
  ): Promise<readonly HoldReason[]> {
    const first = consent.linkHash === null ? undefined : await this.#context.store.consents.findLink(consent.linkHash);
    const link = await this.#links.fate(consent, connection);
    const expectation = await this.#expectation(connection, { consent, accept: first?.accept ?? "ask" });
    const verdict = judgeConsent(expectation, { ...found, link });
    return verdict.kind === "hold" ? verdict.because : [];
  }

  /** The same for one that was held before: its link counts as it did then. */
  async judgeHeld(
    consent: StoredConsent,
    connection: StoredConnection,
    held: { readonly found: Omit<Findings, "link">; readonly because: readonly HoldReason[] },
  ): Promise<readonly HoldReason[]> {
    const link = held.because.includes("link-revoked") ? "revoked" : "open";
    const expectation = await this.#expectation(connection, { consent, accept: "ask" });
    const verdict = judgeConsent(expectation, { ...held.found, link });
    return verdict.kind === "hold" ? verdict.because : [];
  }

  async #expectation(
    connection: StoredConnection,
    given: { consent: StoredConsent; accept: "ask" | "any-tenant" },
  ): Promise<ConsentExpectation> {
    const grant = connection.grant === null ? undefined : await this.#context.store.grants.load(connection.grant);
    const { expectedTenant } = connection;
    const imported = importedBy(given.consent);
    if (grant === undefined)
      return imported === null
        ? { kind: "first", expectedTenant, accept: given.accept }
        : { kind: "imported", expectedTenant, expectedSubject: imported.expectedSubject };
    const sharing = await this.#context.store.connections.ofGrant(grant.id);
    const knownTenants = sharing.flatMap((other) => other.tenants.map((tenant) => tenant.id));
    return {
      kind: "again",
      subject: grant.subject,
      tenants: connection.tenants.map((tenant) => tenant.id),
      knownTenants,
    };
  }
}

/** The token of another system that this consent is, if it is one. */
export function importedBy({ progress }: StoredConsent): ImportedToken | null {
  return "imported" in progress ? (progress.imported ?? null) : null;
}
