import { type AttemptId, type ConsentId, EvergrantError, type Outcome, type Secret } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { ConsentFailure, ConsentOrigin, StoredConsent } from "../ports/consent-store.ts";
import type { JournalRecord } from "../ports/journal.ts";
import type { Records } from "../ports/records.ts";
import type { AppDirectory } from "./app-directory.ts";
import type { ConsentAcceptance, Taken } from "./consent-acceptance.ts";
import { type ConsentAnswer, isFromIssuer, pastedParameters, readConsentAnswer } from "./consent-answer.ts";
import type { ConsentLinks } from "./consent-links.ts";
import { consentRecords, originFacts } from "./consent-records.ts";
import { browserHash, startConsent, verifierContext } from "./consent-start.ts";
import type { ConsentCallback, ConsentOffer, PastedConsent } from "./consenting.ts";
import { digest, sameDigest } from "./digest.ts";
import { exchange } from "./exchange.ts";
import { homesOf, keptParameters, pinTokenEndpoint } from "./homes.ts";
import { journaledOutcome } from "./journaled-outcome.ts";
import { judgeIdToken } from "./jwt-claims.ts";
import { newId } from "./new-id.ts";
import { consentScopes } from "./scopes.ts";
import type { ServiceContext } from "./service-context.ts";
import { untilStored } from "./waiting.ts";

/** Runs of a person through the provider: from the click on a link to the exchange of the code, an attempt like any other. */
export class ConsentRuns {
  readonly #context: ServiceContext;
  readonly #apps: AppDirectory;
  readonly #links: ConsentLinks;
  readonly #acceptance: ConsentAcceptance;
  readonly #running = new Set<ConsentId>();

  constructor(
    context: ServiceContext,
    parts: { apps: AppDirectory; links: ConsentLinks; acceptance: ConsentAcceptance },
  ) {
    this.#context = context;
    this.#apps = parts.apps;
    this.#links = parts.links;
    this.#acceptance = parts.acceptance;
  }

  async look(link: Secret): Promise<ConsentOffer> {
    const { connection, app, first } = await this.#links.open(link);
    return {
      purpose: connection.grant === null ? "first" : "again",
      connection: connection.name,
      providerName: app.provider.displayName,
      appName: app.stored.name,
      scopes: consentScopes(app),
      expectedTenant: connection.expectedTenant ?? connection.tenants[0]?.name ?? null,
      requestedBy: first?.createdBy ?? "Evergrant",
    };
  }

  async begin(link: Secret, browser: Secret, from: ConsentOrigin | null): Promise<{ authorizeUrl: string }> {
    this.#context.gate.requireOpen();
    const { connection, app, first, epoch } = await this.#links.open(link);
    const by = { linkHash: first?.hash ?? null, linkEpoch: epoch, browser, pastedBy: null, from };
    const { authorizeUrl } = await startConsent(this.#context, { connection, app, ...by });
    return { authorizeUrl };
  }

  /** For people whose browser cannot reach us: an operator sends them on, and pastes the address that they end on. */
  async beginPasted(connection: StoredConnection, pastedBy: string): Promise<PastedConsent> {
    this.#context.gate.requireOpen();
    const app = await this.#apps.get(connection.app);
    if (app.provider.kind === "client_credentials" || !(await this.#links.isOfUse(connection, app)))
      throw new EvergrantError("consent_not_needed");
    const by = { linkHash: null, linkEpoch: null, browser: null, pastedBy, from: null };
    const { consent, authorizeUrl } = await startConsent(this.#context, { connection, app, ...by });
    return { id: consent.id, authorizeUrl, expiresAtMs: consent.expiresAtMs };
  }

  async receive(callback: ConsentCallback): Promise<ConsentId> {
    const answer = readConsentAnswer(callback.params);
    const consent = await this.#context.store.consents.findByState(digest(answer.state));
    if (consent === undefined || consent.app !== callback.app) throw new EvergrantError("consent_callback_invalid");
    if (consent.pastedBy !== null) throw new EvergrantError("consent_to_be_pasted");
    if (!this.isOfBrowser(consent, callback.browser)) throw new EvergrantError("consent_browser_mismatch");
    await this.#take(consent, answer, { params: callback.params, from: callback.from ?? null });
    return consent.id;
  }

  async receivePasted(id: ConsentId, address: Secret): Promise<void> {
    const consent = await this.#context.store.consents.find(id);
    if (consent === undefined || consent.pastedBy === null) throw new EvergrantError("consent_unknown");
    const params = pastedParameters(address, consent.redirectUri);
    const answer = readConsentAnswer(params);
    if (!sameDigest(consent.stateHash, digest(answer.state))) throw new EvergrantError("consent_callback_invalid");
    await this.#take(consent, answer, { params, from: null });
  }

  // Fails closed: whatever is missing, repeated, foreign or late never reaches the token endpoint.
  async #take(
    consent: StoredConsent,
    answer: ConsentAnswer,
    { params, from }: { readonly params: URLSearchParams; readonly from: ConsentOrigin | null },
  ): Promise<void> {
    if (consent.progress.kind !== "started") return;
    const app = await this.#apps.get(consent.app);
    if (!isFromIssuer(answer, await app.endpoints())) throw new EvergrantError("consent_callback_invalid");
    if (consent.expiresAtMs <= this.#context.time.wallMs()) throw new EvergrantError("consent_session_expired");
    if (answer.kind === "error") return await this.#decline(consent, answer.error);
    this.#context.gate.requireOpen();
    const callback = keptParameters(app, params);
    await this.#context.activity.during(() => this.#exchangeOnce(consent, answer.code, { callback, from }));
  }

  isOfBrowser(consent: StoredConsent, browser: Secret | null): boolean {
    return browser !== null && sameDigest(consent.browserHash, browserHash(this.#context, browser));
  }

  /**
   * Takes up an exchange that a crash cut off, or whose end the store has forgotten: with its answer it is finished, without one
   * the code is spent.
   */
  async resume(id: ConsentId, attempt: AttemptId, answer: Answered | null): Promise<void> {
    if (this.#running.has(id)) return;
    const { journal, time } = this.#context;
    const consent = await this.#claimedBy(id, attempt, answer);
    if (consent?.progress.kind === "claimed" && consent.progress.attempt === attempt) {
      const outcome: Outcome =
        answer === null
          ? { kind: "ambiguous", reason: "the process ended before the answer came" }
          : journaledOutcome(answer, (await this.#apps.get(consent.app)).provider.errors);
      await this.#finish(consent, {
        attempt,
        outcome,
        sentAtMs: consent.progress.atMs,
        receivedAtMs: answer?.atMs ?? time.wallMs(),
        callback: consent.progress.callback ?? {},
      });
    }
    await journal.append({ kind: "settled", attempt, atMs: time.wallMs() });
  }

  // A store that went back may have forgotten the claim as well; the answer in our own journal proves that it was made.
  #claimedBy(id: ConsentId, attempt: AttemptId, answer: Answered | null): Promise<StoredConsent | undefined> {
    const callback = answer?.subject.kind === "consent" ? answer.subject.callback : undefined;
    const said = callback === undefined ? {} : { callback };
    return this.#context.store.consents.change(id, (consent) =>
      consent.progress.kind === "started" && answer !== null
        ? {
            progress: { kind: "claimed", atMs: answer.atMs, attempt, ...said },
            records: this.#records(consent, "code-claimed", { attempt }),
          }
        : null,
    );
  }

  /** A claimed code whose exchange nobody runs any more (a crash before its intent reached the journal) has failed. */
  async failIfAbandoned(consent: StoredConsent): Promise<StoredConsent> {
    const { store, time, limits } = this.#context;
    if (consent.progress.kind !== "claimed" || this.#running.has(consent.id)) return consent;
    if (consent.progress.atMs + limits.leaseMs > time.wallMs()) return consent;
    await this.#fail(consent, "consent_answer_lost", "the process ended before the code was sent");
    return (await store.consents.find(consent.id)) ?? consent;
  }

  async #decline(consent: StoredConsent, error: string): Promise<void> {
    const atMs = this.#context.time.wallMs();
    const code = /^[\x20-\x7e]{1,60}$/.test(error) ? error : "error";
    await this.#context.store.consents.change(consent.id, (current) =>
      current.progress.kind === "started"
        ? {
            progress: { kind: "declined", atMs, error: code },
            records: this.#records(consent, "consent-declined", { error: code }),
          }
        : null,
    );
  }

  async #exchangeOnce(consent: StoredConsent, code: Secret, came: Came): Promise<void> {
    if (this.#running.has(consent.id)) return;
    this.#running.add(consent.id);
    try {
      await this.#exchangeCode(consent, code, came);
    } finally {
      this.#running.delete(consent.id);
    }
  }

  async #exchangeCode(consent: StoredConsent, code: Secret, { callback, from }: Came): Promise<void> {
    const { clock, store, sealer, time, chance, limits, reached, journal } = this.#context;
    const app = await this.#apps.get(consent.app);
    await clock.makeSure();
    const attempt = newId<AttemptId>("at", chance);
    const begun = { wallMs: time.wallMs(), monotonicMs: time.monotonicMs() };
    const claimed = await store.consents.change(consent.id, (current) =>
      current.progress.kind === "started"
        ? {
            progress: { kind: "claimed", atMs: begun.wallMs, attempt, callback },
            records: this.#records(consent, "code-claimed", { attempt, ...originFacts(from) }),
          }
        : null,
    );
    if (claimed?.progress.kind !== "claimed" || claimed.progress.attempt !== attempt) return;
    reached("intent-written", "code");
    const outcome = await exchange(this.#context, {
      attempt,
      subject: { kind: "consent", consent: consent.id, callback },
      point: "code",
      app,
      pinned: async () => pinTokenEndpoint(homesOf(app), callback),
      grant: {
        kind: "authorization_code",
        code,
        redirectUri: consent.redirectUri,
        codeVerifier: sealer.open(consent.dataKey, verifierContext(consent.id), consent.codeVerifier),
      },
      spends: code,
      fence: 0,
      leaseUntilMs: begun.wallMs + limits.leaseMs,
      begun,
      stillMine: async () => true,
    });
    await this.#finish(consent, { attempt, outcome, sentAtMs: begun.wallMs, receivedAtMs: time.wallMs(), callback });
    reached("settled", "code");
    await journal
      .append({ kind: "settled", attempt, atMs: time.wallMs() })
      .catch((error: unknown) => this.#context.report({ what: "journal", subject: attempt, error }));
    reached("settle-acknowledged", "code");
  }

  async #finish(consent: StoredConsent, end: FinishedExchange): Promise<void> {
    const { outcome } = end;
    if (outcome.kind !== "success") {
      const code =
        outcome.kind === "ambiguous" || outcome.kind === "not-executed"
          ? "consent_answer_lost"
          : "consent_code_refused";
      return await this.#fail(consent, code, "error" in outcome ? outcome.error : outcome.reason);
    }
    if (outcome.answer.refreshToken === null)
      return await this.#fail(consent, "consent_answer_incomplete", "no refresh token");
    const { stored } = await this.#apps.get(consent.app);
    const nonce = stored.scopes.includes("openid") ? consent.nonce : null;
    const verdict = judgeIdToken(outcome.answer.idToken, { nonce, clientId: stored.clientId });
    // It belongs to another run or to another client: what came with it is not taken in.
    if (verdict === "foreign")
      return await this.#fail(consent, "consent_code_refused", "the ID token belongs to another consent or client");
    const taken = await this.#acceptance.take(consent, {
      attempt: end.attempt,
      answer: verdict === "ours" ? outcome.answer : { ...outcome.answer, idToken: null },
      sentAtMs: end.sentAtMs,
      receivedAtMs: end.receivedAtMs,
      callback: end.callback,
    });
    if (taken !== "taken") await this.#fail(consent, NOT_TAKEN[taken].code, NOT_TAKEN[taken].detail);
  }

  async #fail(consent: StoredConsent, code: ConsentFailure, detail: string): Promise<void> {
    const atMs = this.#context.time.wallMs();
    await untilStored(this.#context, consent.id, () =>
      this.#context.store.consents.change(consent.id, (current) =>
        current.progress.kind === "claimed"
          ? {
              progress: { kind: "failed", atMs, code, detail },
              records: this.#records(consent, "consent-failed", { code, detail }),
            }
          : null,
      ),
    );
  }

  #records(consent: StoredConsent, event: string, facts: Readonly<Record<string, string>>): Records {
    return consentRecords(consent, this.#context.time.wallMs(), { event, by: consent.pastedBy ?? "person", facts });
  }
}

const NOT_TAKEN: {
  readonly [Why in Exclude<Taken, "taken">]: { readonly code: ConsentFailure; readonly detail: string };
} = {
  "unknown-home": { code: "consent_answer_incomplete", detail: "where its data lie is not believed" },
  "nobody-home": { code: "consent_answer_incomplete", detail: "it reaches no organisation" },
  superseded: { code: "consent_superseded", detail: "its answer was taken in after that of a later one" },
};

type Answered = Extract<JournalRecord, { kind: "answer" }>;

/** What came with a code: the callback's parameters that the provider's data ask for, and from where it came. */
interface Came {
  readonly callback: Readonly<Record<string, string>>;
  readonly from: ConsentOrigin | null;
}

interface FinishedExchange {
  readonly attempt: AttemptId;
  readonly outcome: Outcome;
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
  readonly callback: Came["callback"];
}
