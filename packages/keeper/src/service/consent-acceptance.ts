import {
  type AttemptId,
  type ChainId,
  type ConsentExpectation,
  firstChain,
  type GrantId,
  type HoldReason,
  judgeConsent,
  type TokenAnswer,
  transition,
} from "@evergrant/core";
import type { ConnectionTenant, StoredConnection } from "../ports/connection-store.ts";
import type { ConsentProgress, ReceivedConsent, StoredConsent } from "../ports/consent-store.ts";
import type { StoredGrant } from "../ports/grant-store.ts";
import type { Records } from "../ports/records.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import { type Findings, findOut } from "./consent-findings.ts";
import { changeFor } from "./grant-steps.ts";
import type { GrantViews } from "./grant-views.ts";
import { homesOf, pinOrigins } from "./homes.ts";
import type { LiveTokens } from "./live-tokens.ts";
import { newId } from "./new-id.ts";
import type { ServiceContext } from "./service-context.ts";
import { openToken, sealVersion, versionOf } from "./token-versions.ts";
import { untilStored } from "./waiting.ts";

export interface ReceivedAnswer {
  readonly attempt: AttemptId;
  readonly answer: TokenAnswer;
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
  readonly callback: Readonly<Record<string, string>>;
}

/** Takes the tokens of a consent in: durable first, then judged, then (by rule or by an operator) put to use. Each step may be repeated. */
export class ConsentAcceptance {
  readonly #context: ServiceContext;
  readonly #apps: AppDirectory;
  readonly #connections: ConnectionDirectory;
  readonly #live: LiveTokens;
  readonly #views: GrantViews;
  readonly #onScheduled: (dueAtMs: number | null) => void;

  constructor(
    context: ServiceContext,
    parts: {
      apps: AppDirectory;
      connections: ConnectionDirectory;
      live: LiveTokens;
      views: GrantViews;
      onScheduled: (dueAtMs: number | null) => void;
    },
  ) {
    this.#context = context;
    this.#apps = parts.apps;
    this.#connections = parts.connections;
    this.#live = parts.live;
    this.#views = parts.views;
    this.#onScheduled = parts.onScheduled;
  }

  /** From a fresh token answer to a consent that is accepted or held. `unknown-home`: nobody knows where its tokens may go. */
  async take(consent: StoredConsent, received: ReceivedAnswer): Promise<"taken" | "unknown-home"> {
    const { store } = this.#context;
    const app = await this.#apps.get(consent.app);
    const { answer, callback } = received;
    const pinned = pinOrigins(homesOf(app), { callback, answer: answer.members });
    if (pinned === null) return "unknown-home";
    const found = await findOut(this.#context, { app, consent, answer, callback, pinned });
    const grant = await this.#keepTokens({ consent, app, found, received });
    const connection = await store.connections.find(consent.connection);
    const holds =
      connection === undefined ? (["initiator-must-confirm"] as const) : await this.#judge(consent, connection, found);
    const durable: ReceivedConsent = {
      grant,
      chain: chainIdOf(received.attempt),
      version: versionOf(received.attempt),
      subject: found.subject,
      subjectName: found.subjectName,
      scope: received.answer.scope,
      tenants: found.tenants,
      chosenTenants: found.chosenTenants,
      ...(pinned.api === null && pinned.tokenEndpoint === null ? {} : { pinned }),
    };
    if (holds.length === 0) await this.accept(consent, durable, "rule");
    else await this.#hold(consent, durable, holds);
    return "taken";
  }

  /** Puts a received consent to use: the new chain replaces the old, the connection stands on its grant. */
  async accept(consent: StoredConsent, received: ReceivedConsent, by: string): Promise<void> {
    const { store } = this.#context;
    await this.#switchChain(consent, received);
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
    if (before?.grant != null && before.grant !== received.grant) await this.#retireGrant(before.grant);
    await this.#progress(
      consent,
      { kind: "accepted", atMs, by, ...received },
      { event: "consent-accepted", by, facts: { subject: received.subject } },
    );
  }

  async #hold(consent: StoredConsent, received: ReceivedConsent, because: readonly HoldReason[]): Promise<void> {
    const facts = { because: because.join(" "), subject: received.subject, tenants: received.chosenTenants.join(" ") };
    await this.#progress(
      consent,
      { kind: "held", atMs: this.#context.time.wallMs(), because, ...received },
      { event: "consent-held", by: "rule", facts },
    );
  }

  // Tokens are durable before anything is decided about them; a grant that nobody accepts yet has no chain and is never spent.
  async #keepTokens(work: {
    consent: StoredConsent;
    app: App;
    found: Findings;
    received: ReceivedAnswer;
  }): Promise<GrantId> {
    const { store, sealer } = this.#context;
    const { consent, app, found, received } = work;
    const id = await this.#findOrCreateGrant(consent, found.subject, received.attempt);
    const lifeMs = received.answer.expiresInMs ?? app.timing.policy.accessLifeMs;
    const kept = {
      attempt: received.attempt,
      chain: chainIdOf(received.attempt),
      parent: null,
      answer: received.answer,
      receivedAtMs: received.receivedAtMs,
      accessExpiresAtMs: received.sentAtMs + lifeMs,
    };
    await untilStored(this.#context, id, () =>
      store.grants.change(id, (grant) => ({
        change: {
          state: null,
          lease: null,
          dueAtMs: grant.dueAtMs,
          tokens: [sealVersion(sealer, grant, kept)],
          records: this.#records(consent, {
            event: "consent-received",
            by: "person",
            facts: { grant: id, subject: found.subject },
          }),
        },
        result: true,
      })),
    );
    return id;
  }

  async #findOrCreateGrant(consent: StoredConsent, subject: string | null, attempt: AttemptId): Promise<GrantId> {
    const { store, sealer } = this.#context;
    // Named after the attempt where the provider gives no subject, so that a replay finds the grant that it made before.
    const id =
      subject === null ? (attempt.replace(/^at_/, "gr_") as GrantId) : newId<GrantId>("gr", this.#context.chance);
    for (;;) {
      const known =
        subject === null ? await store.grants.load(id) : await store.grants.findBySubject(consent.app, subject);
      if (known !== undefined) return known.id;
      const grant: StoredGrant = {
        id,
        app: consent.app,
        subject,
        state: { kind: "unconsented" },
        lease: { fence: 0, owner: null, untilMs: 0 },
        dataKey: sealer.newDataKey(id),
        dueAtMs: null,
      };
      const created = await untilStored(this.#context, id, () =>
        store.grants.create(
          grant,
          this.#records(consent, { event: "grant-created", by: "person", facts: { grant: id, subject } }),
        ),
      );
      if (created === "created") return id;
    }
  }

  async #judge(consent: StoredConsent, connection: StoredConnection, found: Findings): Promise<readonly HoldReason[]> {
    const { store, time } = this.#context;
    const link = consent.linkHash === null ? undefined : await store.consents.findLink(consent.linkHash);
    const verdict = judgeConsent(await this.#expectation(connection, link?.accept ?? "ask"), found);
    const holds = verdict.kind === "hold" ? [...verdict.because] : [];
    // Two people finished runs of the same link: the first completes it, the second needs somebody's yes.
    if (
      consent.linkHash !== null &&
      !(await store.consents.completeLink(consent.linkHash, time.wallMs())) &&
      holds.length === 0
    )
      holds.push("initiator-must-confirm");
    return holds;
  }

  async #expectation(connection: StoredConnection, accept: "ask" | "any-tenant"): Promise<ConsentExpectation> {
    const grant = connection.grant === null ? undefined : await this.#context.store.grants.load(connection.grant);
    if (grant === undefined) return { kind: "first", expectedTenant: connection.expectedTenant, accept };
    const sharing = await this.#context.store.connections.ofGrant(grant.id);
    const knownTenants = sharing.flatMap((other) => other.tenants.map((tenant) => tenant.id));
    return {
      kind: "again",
      subject: grant.subject,
      tenants: connection.tenants.map((tenant) => tenant.id),
      knownTenants,
    };
  }

  async #switchChain(consent: StoredConsent, received: ReceivedConsent): Promise<void> {
    const { store, chance, sealer, time } = this.#context;
    const app = await this.#apps.get(consent.app);
    const version = await store.grants.token(received.version);
    if (version === undefined) return;
    const access = {
      version: version.id,
      receivedAtMs: version.receivedAtMs,
      expiresAtMs: version.accessExpiresAtMs,
      scope: received.scope,
    };
    const chain = firstChain(received.chain, {
      renewal: "refresh-token",
      version: version.id,
      access,
      atMs: version.receivedAtMs,
      jitter: chance.draw(),
    });
    const switched = await untilStored(this.#context, received.grant, () =>
      store.grants.change(received.grant, (grant, storeNowMs) => {
        const moved = transition(grant.state, { kind: "consented", atMs: time.wallMs(), chain }, app.timing);
        const view = this.#views.of(grant, { waitedForMs: null, leaseNowMs: storeNowMs });
        const change = moved.kind === "moved" ? changeFor(grant, moved, { view, timing: app.timing }) : null;
        return { change, result: { grant, dueAtMs: change?.dueAtMs ?? null, moved: change !== null } };
      }),
    );
    if (switched === undefined || !switched.moved) return;
    const secret = openToken(sealer, switched.grant, version, "access-token");
    if (secret !== null) this.#live.replace(received.grant, { secret, facts: access });
    this.#onScheduled(switched.dueAtMs);
  }

  // A connection moved to another person's grant: the old one, if nobody stands on it any more, is never spent again.
  async #retireGrant(id: GrantId): Promise<void> {
    const { store, time } = this.#context;
    if ((await store.connections.ofGrant(id)).length > 0) return;
    const grant = await store.grants.load(id);
    if (grant === undefined) return;
    const app = await this.#apps.get(grant.app);
    await store.grants.change(id, (current, storeNowMs) => {
      const moved = transition(
        current.state,
        { kind: "ended", atMs: time.wallMs(), reason: "disconnected" },
        app.timing,
      );
      const view = this.#views.of(current, { waitedForMs: null, leaseNowMs: storeNowMs });
      return {
        change: moved.kind === "moved" ? changeFor(current, moved, { view, timing: app.timing }) : null,
        result: true,
      };
    });
    this.#live.drop(id);
  }

  async #progress(consent: StoredConsent, progress: ConsentProgress, audit: AuditLine): Promise<void> {
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
          ? { progress, records: { ...records, notices: held } }
          : null,
      ),
    );
  }

  #records(consent: StoredConsent, audit: AuditLine): Records {
    return {
      audit: [{ ...audit, subject: { kind: "connection", id: consent.connection }, atMs: this.#context.time.wallMs() }],
      notices: [],
    };
  }
}

interface AuditLine {
  readonly event: string;
  readonly by: string;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

function chainIdOf(attempt: AttemptId): ChainId {
  return attempt.replace(/^at_/, "ch_") as ChainId;
}

function tenantsAfter(
  connection: StoredConnection,
  received: ReceivedConsent,
  atMs: number,
): readonly ConnectionTenant[] {
  const before = new Set(connection.tenants.map((tenant) => tenant.id));
  const ours = received.tenants.filter((tenant) => before.has(tenant.id) || received.chosenTenants.includes(tenant.id));
  const pinned = received.pinned === undefined ? {} : { pinned: received.pinned };
  return ours.map((tenant) => ({ ...tenant, ...pinned, status: "connected", sinceMs: atMs }));
}
