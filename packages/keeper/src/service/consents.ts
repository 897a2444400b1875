import { type ConsentId, EvergrantError, type GrantId, type Secret } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { ReceivedConsent, StoredConsent } from "../ports/consent-store.ts";
import type { ConsentAcceptance } from "./consent-acceptance.ts";
import type { ConsentLinks } from "./consent-links.ts";
import type { ConsentRuns } from "./consent-runs.ts";
import type { GrantEnding } from "./grant-ending.ts";
import type { ConsentCallback, ConsentOffer, ConsentResult, Consents, HeldConsent, NewConsentLink } from "./keeper.ts";
import type { ServiceContext } from "./service-context.ts";

const HELD_AT_MOST = 200;

/** The face of consents: links, runs, results, and an operator's yes or no. */
export class ConsentDesk implements Consents {
  readonly #context: ServiceContext;
  readonly #links: ConsentLinks;
  readonly #runs: ConsentRuns;
  readonly #acceptance: ConsentAcceptance;
  readonly #ending: GrantEnding;

  constructor(
    context: ServiceContext,
    parts: { links: ConsentLinks; runs: ConsentRuns; acceptance: ConsentAcceptance; ending: GrantEnding },
  ) {
    this.#context = context;
    this.#links = parts.links;
    this.#runs = parts.runs;
    this.#acceptance = parts.acceptance;
    this.#ending = parts.ending;
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

  async revokeReconsentLinks(name: string, by: string): Promise<void> {
    const connection = await this.#named(name);
    await this.#context.store.connections.change(connection.id, (current) => ({
      connection: { ...current, consentEpoch: current.consentEpoch + 1 },
      records: {
        audit: [
          {
            event: "reconsent-links-revoked",
            subject: { kind: "connection", id: current.id },
            atMs: this.#context.time.wallMs(),
            by,
            facts: { epoch: current.consentEpoch + 1 },
          },
        ],
        notices: [],
      },
    }));
  }

  look(link: Secret): Promise<ConsentOffer> {
    return this.#runs.look(link);
  }

  begin(link: Secret, browser: Secret): Promise<{ authorizeUrl: string }> {
    return this.#runs.begin(link, browser);
  }

  receive(callback: ConsentCallback): Promise<ConsentId> {
    return this.#runs.receive(callback);
  }

  async result(id: ConsentId, browser: Secret | null): Promise<ConsentResult> {
    const consent = await this.#context.store.consents.find(id);
    if (consent === undefined) throw new EvergrantError("consent_unknown");
    if (!this.#runs.isOfBrowser(consent, browser)) throw new EvergrantError("consent_browser_mismatch");
    return await this.#resultOf(await this.#runs.failIfAbandoned(consent));
  }

  async held(): Promise<readonly HeldConsent[]> {
    const held = await this.#context.store.consents.held(HELD_AT_MOST);
    return await Promise.all(held.map((consent) => this.#heldView(consent)));
  }

  async decide(id: ConsentId, decision: { accept: boolean; by: string }): Promise<ConsentResult> {
    const { store, time, gate } = this.#context;
    gate.requireOpen();
    const consent = await store.consents.find(id);
    if (consent === undefined) throw new EvergrantError("consent_unknown");
    const { progress } = consent;
    if (progress.kind !== "held") throw new EvergrantError("consent_not_waiting");
    if (decision.accept) await this.#acceptance.accept(consent, progress, decision.by);
    else {
      const { because: _because, ...received } = progress;
      const audit = {
        event: "consent-refused",
        subject: { kind: "connection", id: consent.connection } as const,
        atMs: time.wallMs(),
        by: decision.by,
        facts: { consent: id, subject: progress.subject },
      };
      await store.consents.change(id, (current) =>
        current.progress.kind === "held"
          ? {
              progress: { ...received, kind: "refused", atMs: time.wallMs(), by: decision.by },
              records: { audit: [audit], notices: [] },
            }
          : null,
      );
      await this.#giveBack(progress);
    }
    return await this.#resultOf((await store.consents.find(id)) ?? consent);
  }

  // Refused tokens are revoked, unless their person holds a grant in use: at many providers that would end it too.
  async #giveBack(received: ReceivedConsent): Promise<void> {
    const grant = await this.#context.store.grants.load(received.grant);
    const inUse = grant?.state.kind === "live" || grant?.state.kind === "in-court";
    if (grant !== undefined && !inUse) await this.#ending.revokeUnused(grant.id, received);
  }

  async #resultOf(consent: StoredConsent): Promise<ConsentResult> {
    const connection = (await this.#context.store.connections.find(consent.connection))?.name ?? "";
    const { progress } = consent;
    switch (progress.kind) {
      case "started":
      case "claimed":
        return { kind: "pending", connection };
      case "declined":
      case "refused":
        return { kind: progress.kind, connection };
      case "failed":
        return { kind: "failed", connection, code: progress.code };
      case "held":
        return {
          kind: "held",
          connection,
          tenants: chosenNames(progress),
          subjectName: progress.subjectName,
          because: progress.because,
        };
      case "accepted":
        return {
          kind: "accepted",
          connection,
          tenants: chosenNames(progress),
          subjectName: progress.subjectName,
          sharedWith: await this.#sharedWith(progress.grant, consent),
        };
    }
  }

  async #heldView(consent: StoredConsent): Promise<HeldConsent> {
    const connection = (await this.#context.store.connections.find(consent.connection))?.name ?? "";
    const { progress } = consent;
    if (progress.kind !== "held")
      return {
        id: consent.id,
        connection,
        subject: null,
        subjectName: null,
        tenants: [],
        because: [],
        atMs: consent.startedAtMs,
      };
    return {
      id: consent.id,
      connection,
      subject: progress.subject,
      subjectName: progress.subjectName,
      tenants: chosenNames(progress),
      because: progress.because,
      atMs: progress.atMs,
    };
  }

  async #sharedWith(grant: GrantId, consent: StoredConsent): Promise<readonly string[]> {
    const sharing = await this.#context.store.connections.ofGrant(grant);
    return sharing.filter((connection) => connection.id !== consent.connection).map((connection) => connection.name);
  }

  async #named(name: string): Promise<StoredConnection> {
    const connection = await this.#context.store.connections.findByName(name);
    if (connection === undefined) throw new EvergrantError("connection_unknown");
    return connection;
  }
}

function chosenNames(received: ReceivedConsent): readonly string[] {
  return received.tenants.filter((tenant) => received.chosenTenants.includes(tenant.id)).map((tenant) => tenant.name);
}
