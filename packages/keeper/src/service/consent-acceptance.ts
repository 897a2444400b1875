import { EvergrantError, type HoldReason } from "@evergrant/core";
import type { ConnectionTenant, StoredConnection } from "../ports/connection-store.ts";
import type { ConsentProgress, ReceivedConsent, StoredConsent } from "../ports/consent-store.ts";
import type { Tenant } from "../ports/provider-api.ts";
import type { Records } from "../ports/records.ts";
import type { AppDirectory } from "./app-directory.ts";
import { ChainSuccession } from "./chain-succession.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import { findOut } from "./consent-findings.ts";
import { chainIdOf, keepConsentTokens, type ReceivedAnswer } from "./consent-intake.ts";
import { ConsentJudge, importedBy } from "./consent-judge.ts";
import type { ConsentLinks } from "./consent-links.ts";
import { type ConsentLine, consentRecords } from "./consent-records.ts";
import type { GrantViews } from "./grant-views.ts";
import { homesOf, pinOrigins } from "./homes.ts";
import type { LiveTokens } from "./live-tokens.ts";
import type { ServiceContext } from "./service-context.ts";
import { isSuperseded } from "./superseded-consent.ts";
import { openToken, versionOf } from "./token-versions.ts";
import { untilStored } from "./waiting.ts";

/** What became of an answer; all but the first is an end of its consent. */
export type Taken = "taken" | "unknown-home" | "nobody-home" | "superseded";

/** Takes the tokens of a consent in: durable first, then judged, then (by rule or by an operator) put to use. Each step may be repeated. */
export class ConsentAcceptance {
  readonly #context: ServiceContext;
  readonly #apps: AppDirectory;
  readonly #connections: ConnectionDirectory;
  readonly #judge: ConsentJudge;
  readonly #succession: ChainSuccession;

  constructor(
    context: ServiceContext,
    parts: {
      apps: AppDirectory;
      connections: ConnectionDirectory;
      links: ConsentLinks;
      live: LiveTokens;
      views: GrantViews;
      onScheduled: (dueAtMs: number | null) => void;
    },
  ) {
    this.#context = context;
    this.#apps = parts.apps;
    this.#connections = parts.connections;
    this.#judge = new ConsentJudge(context, parts.links);
    this.#succession = new ChainSuccession(context, parts);
  }

  /**
   * From a fresh token answer to a consent that is accepted or held. `unknown-home`: nobody knows where its tokens may go.
   * `nobody-home`: it is known, but a home is kept with its organisations, and there is none. `superseded`: a later one is in use.
   */
  async take(consent: StoredConsent, received: ReceivedAnswer): Promise<Taken> {
    const { store } = this.#context;
    const app = await this.#apps.get(consent.app);
    const { answer, callback } = received;
    const pinned = pinOrigins(homesOf(app), { callback, answer: answer.members });
    if (pinned === null) return "unknown-home";
    const found = await findOut(this.#context, { app, consent, answer, callback, pinned });
    const hasHome = pinned.api !== null || pinned.tokenEndpoint !== null;
    if (hasHome && found.tenants?.length === 0) return "nobody-home";
    const grant = await keepConsentTokens(this.#context, { consent, app, subject: found.subject, received });
    const connection = await store.connections.find(consent.connection);
    const holds =
      connection === undefined
        ? (["initiator-must-confirm"] as const)
        : await this.#judge.judge(consent, connection, found);
    const imported = importedBy(consent);
    const durable: ReceivedConsent = {
      ...(imported === null ? {} : { imported }),
      grant,
      chain: chainIdOf(received.attempt),
      version: versionOf(received.attempt),
      subject: found.subject,
      subjectName: found.subjectName,
      scope: received.answer.scope,
      tenants: found.tenants ?? [],
      chosenTenants: found.chosenTenants,
      ...(hasHome ? { pinned } : {}),
    };
    if (holds.length > 0) await this.hold(consent, durable, holds);
    else if (await isSuperseded(store.grants, durable)) return "superseded";
    else await this.accept(consent, durable, "rule");
    return "taken";
  }

  /** Puts a received consent to use: the new chain replaces the old, the connection stands on its grant. */
  async accept(consent: StoredConsent, received: ReceivedConsent, by: string): Promise<void> {
    const { store } = this.#context;
    await this.#succession.begin(consent, received);
    const before = await store.connections.find(consent.connection);
    const atMs = this.#context.time.wallMs();
    await store.connections.change(consent.connection, (connection) => ({
      connection: {
        ...connection,
        grant: received.grant,
        tenants: tenantsAfter(connection, received, atMs),
        healthCheckedAtMs: atMs,
      },
      records: this.#records(consent, {
        event: "connection-attached",
        by,
        facts: { grant: received.grant, subject: received.subject, tenants: received.chosenTenants.join(" ") },
      }),
    }));
    await this.#connections.refresh(consent.connection);
    if (before?.grant != null && before.grant !== received.grant) await this.#succession.retire(before.grant);
    await this.#progress(
      consent,
      // Last, as what was received may come out of a held consent.
      { ...received, kind: "accepted", atMs, by },
      { event: "consent-accepted", by, facts: { subject: received.subject } },
    );
  }

  /**
   * Looks again at what could not be read when the consent came, and judges it anew: what an operator says yes to is known.
   * Answers the reasons that are left.
   * @throws provider_unreachable where it still cannot be read
   */
  async reread(
    consent: StoredConsent,
    held: ReceivedConsent & { readonly because: readonly HoldReason[] },
  ): Promise<{
    readonly received: ReceivedConsent;
    readonly because: readonly HoldReason[];
  }> {
    const { store, sealer } = this.#context;
    const { grant: id, chain, version: versionId, subject, subjectName, scope, because } = held;
    const heldBefore = held.imported === undefined ? {} : { imported: held.imported };
    const grant = await store.grants.load(id);
    const version = await store.grants.token(versionId);
    const accessToken =
      grant === undefined || version === undefined ? null : openToken(sealer, grant, version, "access-token");
    const connection = await store.connections.find(consent.connection);
    if (accessToken === null || connection === undefined) throw new EvergrantError("consent_not_waiting");
    const app = await this.#apps.get(consent.app);
    // Only a list can be unread, and it lies in the API: what callback and answer said besides is not asked for again.
    const answer = { accessToken, idToken: null, scope, members: {} };
    const { pinned } = held;
    const found = await findOut(this.#context, { app, consent, answer, callback: {}, pinned: pinned ?? null });
    if (found.tenants === null)
      throw new EvergrantError("provider_unreachable", {
        detail: "the organisations of this consent cannot be listed",
      });
    const { tenants, chosenTenants } = found;
    if (pinned !== undefined && tenants.length === 0)
      throw new EvergrantError("consent_answer_incomplete", { detail: "it reaches no organisation" });
    return {
      received: {
        ...heldBefore,
        ...{ grant: id, chain, version: versionId, subject, subjectName, scope, tenants, chosenTenants },
        ...(pinned === undefined ? {} : { pinned }),
      },
      because: await this.#judge.judgeHeld(consent, connection, { found: { ...found, subject }, because }),
    };
  }

  /** Puts a consent back to wait, with what is known of it now. */
  async hold(consent: StoredConsent, received: ReceivedConsent, because: readonly HoldReason[]): Promise<void> {
    const facts = { because: because.join(" "), subject: received.subject, tenants: received.chosenTenants.join(" ") };
    await this.#progress(
      consent,
      { ...received, kind: "held", atMs: this.#context.time.wallMs(), because },
      { event: "consent-held", by: "rule", facts },
    );
  }

  async #progress(consent: StoredConsent, progress: ConsentProgress, audit: ConsentLine): Promise<void> {
    const { store } = this.#context;
    const records = this.#records(consent, audit);
    const held =
      progress.kind === "held"
        ? [
            {
              notice: "consent-held",
              subject: { kind: "consent", id: consent.id },
              atMs: progress.atMs,
              facts: audit.facts,
            } as const,
          ]
        : [];
    await untilStored(this.#context, consent.id, () =>
      store.consents.change(consent.id, (current) =>
        current.progress.kind === "claimed" || current.progress.kind === "held"
          ? { progress, records: { ...records, notices: current.progress.kind === "claimed" ? held : [] } }
          : null,
      ),
    );
  }

  #records(consent: StoredConsent, line: ConsentLine): Records {
    return consentRecords(consent, this.#context.time.wallMs(), line);
  }
}

function tenantsAfter(
  connection: StoredConnection,
  received: ReceivedConsent,
  atMs: number,
): readonly ConnectionTenant[] {
  const before = new Set(connection.tenants.map((tenant) => tenant.id));
  const { expectedTenant } = connection;
  const isOurs = ({ id, name }: Tenant) =>
    before.has(id) || received.chosenTenants.includes(id) || id === expectedTenant || name === expectedTenant;
  const named = received.tenants.filter(isOurs);
  // Connected long ago and only gone on with: where nobody said which, it is all that the person connected.
  const ours = named.length === 0 ? received.tenants : named;
  const pinned = received.pinned === undefined ? {} : { pinned: received.pinned };
  return ours.map((tenant) => ({ ...tenant, ...pinned, status: "connected", sinceMs: atMs }));
}
