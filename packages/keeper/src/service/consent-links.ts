import { type ConnectionId, type ConsentFindings, chainOf, EvergrantError, Secret } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { ConsentLink, StoredConsent } from "../ports/consent-store.ts";
import type { AuditEntry, Records } from "../ports/records.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import type { NewConsentLink } from "./consenting.ts";
import { digest, sameDigest } from "./digest.ts";
import { newSecretText } from "./new-id.ts";
import { missingScopes } from "./scopes.ts";
import type { ServiceContext } from "./service-context.ts";

/** A link that may be acted on now. */
export interface OpenLink {
  readonly connection: StoredConnection;
  readonly app: App;
  /** The stored first-consent link, or null for a re-consent link. */
  readonly first: ConsentLink | null;
  /** The epoch of a re-consent link, null for a first-consent link. */
  readonly epoch: number | null;
}

/**
 * The two kinds of consent links. A first-consent link is 256 random bits, kept as a hash, and completes once (ASVS 5.0 V10.1.2).
 * A re-consent link is `connection.epoch.HMAC`: nothing is stored, and it acts only while a new consent is of use.
 */
export class ConsentLinks {
  readonly #context: ServiceContext;
  readonly #apps: AppDirectory;

  constructor(context: ServiceContext, apps: AppDirectory) {
    this.#context = context;
    this.#apps = apps;
  }

  async create(connection: StoredConnection, request: NewConsentLink): Promise<{ url: string; expiresAtMs: number }> {
    const { chance, limits, store, time } = this.#context;
    const link = new Secret(newSecretText(chance));
    const createdAtMs = time.wallMs();
    const expiresAtMs = createdAtMs + limits.consentLinkLifeMs;
    const hash = digest(link);
    const audit = {
      event: "consent-link-created",
      subject: { kind: "connection", id: connection.id },
      atMs: createdAtMs,
      by: request.by,
      facts: { accept: request.accept, expiresAtMs },
    } as const;
    await store.consents.createLink(
      {
        hash,
        connection: connection.id,
        accept: request.accept,
        expiresAtMs,
        completedAtMs: null,
        revokedAtMs: null,
        createdAtMs,
        createdBy: request.by,
      },
      { audit: [audit], notices: [] },
    );
    return { url: this.#urlOf(link), expiresAtMs };
  }

  /** The same link each time, until the connection's epoch is raised. */
  again(connection: StoredConnection): { url: string } {
    return { url: this.#urlOf(new Secret(this.#againText(connection.id, connection.consentEpoch))) };
  }

  /** Makes every link of the connection that was sent so far invalid, and holds whoever is on the way by one of them. */
  async revokeAll(connection: StoredConnection, by: string): Promise<void> {
    const { store, time } = this.#context;
    const atMs = time.wallMs();
    const told = (event: string, facts: AuditEntry["facts"]): Records => ({
      audit: [{ event, subject: { kind: "connection", id: connection.id }, atMs, by, facts }],
      notices: [],
    });
    await store.consents.revokeLinks(connection.id, atMs, told("consent-links-revoked", {}));
    await store.connections.change(connection.id, (current) => {
      const consentEpoch = current.consentEpoch + 1;
      return {
        connection: { ...current, consentEpoch },
        records: told("reconsent-links-revoked", { epoch: consentEpoch }),
      };
    });
  }

  /** What has become of the link that started a consent, when its answer has come. A first-consent link is completed by asking. */
  async fate(consent: StoredConsent, connection: StoredConnection): Promise<ConsentFindings["link"]> {
    const { store, time } = this.#context;
    if (consent.linkHash === null)
      return consent.linkEpoch !== null && consent.linkEpoch !== connection.consentEpoch ? "revoked" : "open";
    if (await store.consents.completeLink(consent.linkHash, time.wallMs())) return "open";
    return (await store.consents.findLink(consent.linkHash))?.revokedAtMs == null ? "completed" : "revoked";
  }

  /** @throws consent_link_invalid · consent_link_used · consent_link_expired · consent_not_needed */
  async open(link: Secret): Promise<OpenLink> {
    return link.reveal().includes(".") ? await this.#openAgain(link) : await this.#openFirst(link);
  }

  async #openFirst(link: Secret): Promise<OpenLink> {
    const { store, time } = this.#context;
    const stored = await store.consents.findLink(digest(link));
    const connection = stored === undefined ? undefined : await store.connections.find(stored.connection);
    if (stored === undefined || connection === undefined || stored.revokedAtMs !== null)
      throw new EvergrantError("consent_link_invalid");
    if (stored.completedAtMs !== null) throw new EvergrantError("consent_link_used");
    if (stored.expiresAtMs <= time.wallMs()) throw new EvergrantError("consent_link_expired");
    const app = await this.#apps.get(connection.app);
    // Another link was faster: what is still open acts as a link to consent again would.
    if (!(await this.isOfUse(connection, app))) throw new EvergrantError("consent_not_needed");
    return { connection, app, first: stored, epoch: null };
  }

  async #openAgain(link: Secret): Promise<OpenLink> {
    const { store } = this.#context;
    const id = link.reveal().split(".", 1)[0] as ConnectionId;
    const connection = await store.connections.find(id);
    const expected = connection === undefined ? this.#againText(id, 0) : this.#againText(id, connection.consentEpoch);
    if (!sameDigest(digest(link), digest(new Secret(expected))) || connection === undefined)
      throw new EvergrantError("consent_link_invalid");
    const app = await this.#apps.get(connection.app);
    if (connection.grant === null || !(await this.isOfUse(connection, app)))
      throw new EvergrantError("consent_not_needed");
    return { connection, app, first: null, epoch: connection.consentEpoch };
  }

  /** Whether a person's consent would help: none is there, it is lost or in doubt, nears its lapse, or lacks something. */
  async isOfUse(connection: StoredConnection, app: App): Promise<boolean> {
    const grant = connection.grant === null ? undefined : await this.#context.store.grants.load(connection.grant);
    if (grant === undefined) return true;
    const chain = chainOf(grant.state);
    if (chain === null || grant.state.kind === "consent-needed" || grant.state.kind === "in-court") return true;
    const nearsLapse =
      app.timing.warnAfterMs !== null && this.#context.time.wallMs() - chain.renewedAtMs >= app.timing.warnAfterMs;
    const tenantGone = connection.tenants.some((tenant) => tenant.status === "gone");
    return nearsLapse || tenantGone || missingScopes(app, chain.access?.scope ?? null).length > 0;
  }

  #againText(id: ConnectionId, epoch: number): string {
    return `${id}.${epoch}.${this.#context.sealer.authenticate("consent-link", `${id}.${epoch}`)}`;
  }

  #urlOf(link: Secret): string {
    return `${this.#context.publicUrl}/consent/${link.reveal()}`;
  }
}
