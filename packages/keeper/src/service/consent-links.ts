import { type ConnectionId, chainOf, EvergrantError, Secret } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { ConsentLink } from "../ports/consent-store.ts";
import type { StoredGrant } from "../ports/grant-store.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import { digest, sameDigest } from "./digest.ts";
import type { NewConsentLink } from "./keeper.ts";
import { newSecretText } from "./new-id.ts";
import { missingScopes } from "./scopes.ts";
import type { ServiceContext } from "./service-context.ts";

/** A link that may be acted on now. */
export interface OpenLink {
  readonly connection: StoredConnection;
  readonly app: App;
  /** The stored first-consent link, or null for a re-consent link. */
  readonly first: ConsentLink | null;
}

/**
 * The two kinds of consent links. A first-consent link is 256 random bits, kept as a hash, and completes once.
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
    return { connection, app: await this.#apps.get(connection.app), first: stored };
  }

  async #openAgain(link: Secret): Promise<OpenLink> {
    const { store } = this.#context;
    const id = link.reveal().split(".", 1)[0] as ConnectionId;
    const connection = await store.connections.find(id);
    const expected = connection === undefined ? this.#againText(id, 0) : this.#againText(id, connection.consentEpoch);
    if (!sameDigest(digest(link), digest(new Secret(expected))) || connection === undefined)
      throw new EvergrantError("consent_link_invalid");
    const app = await this.#apps.get(connection.app);
    const grant = connection.grant === null ? undefined : await store.grants.load(connection.grant);
    if (grant === undefined || !this.#isOfUse(connection, grant, app)) throw new EvergrantError("consent_not_needed");
    return { connection, app, first: null };
  }

  #isOfUse(connection: StoredConnection, grant: StoredGrant, app: App): boolean {
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
