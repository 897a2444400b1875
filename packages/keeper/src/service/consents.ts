import { type ConsentId, EvergrantError, type Secret } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { ConsentOrigin, StoredConsent } from "../ports/consent-store.ts";
import type { ListPlace } from "../ports/list-place.ts";
import type { AppDirectory } from "./app-directory.ts";
import type { ConsentDecisions } from "./consent-decisions.ts";
import type { ConsentLinks } from "./consent-links.ts";
import type { ConsentRuns } from "./consent-runs.ts";
import { consentView, heldView, resultOf } from "./consent-views.ts";
import type {
  ConsentCallback,
  ConsentOffer,
  ConsentResult,
  Consents,
  ConsentView,
  HeldConsent,
  NewConsentLink,
  PastedConsent,
} from "./consenting.ts";
import { type Page, type PageAsk, pageOf } from "./pages.ts";
import type { ServiceContext } from "./service-context.ts";

/** The face of consents: links, runs, results, and an operator's yes or no. */
export class ConsentDesk implements Consents {
  readonly #context: ServiceContext;
  readonly #links: ConsentLinks;
  readonly #runs: ConsentRuns;
  readonly #decisions: ConsentDecisions;
  readonly #apps: AppDirectory;

  constructor(
    context: ServiceContext,
    parts: { links: ConsentLinks; runs: ConsentRuns; decisions: ConsentDecisions; apps: AppDirectory },
  ) {
    this.#context = context;
    this.#links = parts.links;
    this.#runs = parts.runs;
    this.#decisions = parts.decisions;
    this.#apps = parts.apps;
  }

  async createLink(request: NewConsentLink): Promise<{ url: string; expiresAtMs: number }> {
    const connection = await this.#named(request.connection);
    if (connection.grant !== null)
      throw new EvergrantError("consent_not_needed", {
        detail: "this connection has been consented to; use its re-consent link",
      });
    return await this.#links.create(connection, request);
  }

  async reconsentLink(name: string): Promise<{ url: string }> {
    const connection = await this.#named(name);
    if (connection.grant === null)
      throw new EvergrantError("consent_not_needed", {
        detail: "this connection waits for its first consent; create a consent link",
      });
    return this.#links.again(connection);
  }

  async revokeLinks(name: string, by: string): Promise<void> {
    await this.#links.revokeAll(await this.#named(name), by);
  }

  look(link: Secret): Promise<ConsentOffer> {
    return this.#runs.look(link);
  }

  begin(link: Secret, browser: Secret, from: ConsentOrigin | null = null): Promise<{ authorizeUrl: string }> {
    return this.#runs.begin(link, browser, from);
  }

  async beginPasted(name: string, by: string): Promise<PastedConsent> {
    return await this.#runs.beginPasted(await this.#named(name), by);
  }

  async receivePasted(id: ConsentId, address: Secret): Promise<ConsentResult> {
    await this.#runs.receivePasted(id, address);
    return await resultOf(this.#context, await this.#known(id));
  }

  receive(callback: ConsentCallback): Promise<ConsentId> {
    return this.#runs.receive(callback);
  }

  async result(id: ConsentId, browser: Secret | null): Promise<ConsentResult> {
    const consent = await this.#known(id);
    if (!this.#runs.isOfBrowser(consent, browser)) throw new EvergrantError("consent_browser_mismatch");
    return await resultOf(this.#context, await this.#runs.failIfAbandoned(consent));
  }

  async held(from: PageAsk): Promise<Page<HeldConsent>> {
    const { consents } = this.#context.store;
    const rows = (after: ListPlace | null, limit: number) => consents.held(limit, after);
    const { items, next } = await pageOf<StoredConsent>({ name: "held", rows, placeOf: placeByStart }, from);
    const views = await Promise.all(items.map((consent) => heldView(this.#context, this.#apps, consent)));
    return { items: views.flat(), next };
  }

  async history(name: string, from: PageAsk): Promise<Page<ConsentView>> {
    const { id } = await this.#named(name);
    const { consents } = this.#context.store;
    const rows = (after: ListPlace | null, limit: number) => consents.ofConnection(id, limit, after);
    const list = { name: `consents of ${id}`, rows, placeOf: placeByStart };
    const { items, next } = await pageOf<StoredConsent>(list, from);
    return { items: items.map(consentView), next };
  }

  async decide(id: ConsentId, decision: { accept: boolean; by: string }): Promise<ConsentResult> {
    this.#context.gate.requireOpen();
    const consent = await this.#known(id);
    await (decision.accept
      ? this.#decisions.accept(consent, decision.by)
      : this.#decisions.refuse(consent, decision.by));
    return await resultOf(this.#context, await this.#known(id));
  }

  async #known(id: ConsentId): Promise<StoredConsent> {
    const consent = await this.#context.store.consents.find(id);
    if (consent === undefined) throw new EvergrantError("consent_unknown");
    return consent;
  }

  async #named(name: string): Promise<StoredConnection> {
    const connection = await this.#context.store.connections.findByName(name);
    if (connection === undefined) throw new EvergrantError("connection_unknown");
    return connection;
  }
}

const placeByStart = ({ startedAtMs, id }: StoredConsent): ListPlace => ({ atMs: startedAtMs, id });
