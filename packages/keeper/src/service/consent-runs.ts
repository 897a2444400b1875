import { type AttemptId, type ConsentId, EvergrantError, type Outcome, Secret } from "@evergrant/core";
import type { ConsentProgress, StoredConsent } from "../ports/consent-store.ts";
import type { JournalRecord } from "../ports/journal.ts";
import type { AppDirectory } from "./app-directory.ts";
import type { ConsentAcceptance } from "./consent-acceptance.ts";
import type { ConsentLinks } from "./consent-links.ts";
import { codeChallenge, digest, sameDigest } from "./digest.ts";
import { exchange } from "./exchange.ts";
import { homesOf, keptParameters, pinTokenEndpoint } from "./homes.ts";
import { journaledOutcome } from "./journaled-outcome.ts";
import { jwtClaims } from "./jwt-claims.ts";
import type { ConsentCallback, ConsentOffer } from "./keeper.ts";
import { newId, newSecretText } from "./new-id.ts";
import type { ServiceContext } from "./service-context.ts";
import { single } from "./single-parameter.ts";
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
      scopes: app.stored.scopes,
      expectedTenant: connection.expectedTenant ?? connection.tenants[0]?.name ?? null,
      requestedBy: first?.createdBy ?? "Evergrant",
    };
  }

  async begin(link: Secret, browser: Secret): Promise<{ authorizeUrl: string }> {
    this.#context.gate.requireOpen();
    const { store, sealer, chance, time, limits } = this.#context;
    const { connection, app, first } = await this.#links.open(link);
    const id = newId<ConsentId>("cs", chance);
    const dataKey = sealer.newDataKey(id);
    const state = new Secret(newSecretText(chance));
    const verifier = new Secret(newSecretText(chance));
    const nonce = newSecretText(chance);
    const startedAtMs = time.wallMs();
    const consent: StoredConsent = {
      id,
      connection: connection.id,
      app: app.stored.id,
      linkHash: first?.hash ?? null,
      purpose: connection.grant === null ? "first" : "again",
      stateHash: digest(state),
      browserHash: this.#browserHash(browser),
      nonce,
      redirectUri: redirectUri(this.#context.publicUrl, app.stored.id),
      dataKey,
      codeVerifier: sealer.seal(dataKey, verifierContext(id), verifier),
      startedAtMs,
      expiresAtMs: startedAtMs + limits.consentSessionLifeMs,
      progress: { kind: "started" },
    };
    const { authorization } = await app.endpoints();
    await store.consents.create(consent, { audit: [this.#audit(consent, "consent-started", {})], notices: [] });
    const url = new URL(authorization);
    const { scopes } = app.stored;
    const parameters = {
      ...app.provider.authorizeParameters,
      response_type: "code",
      client_id: app.stored.clientId,
      redirect_uri: consent.redirectUri,
      ...(scopes.length === 0 ? {} : { scope: scopes.join(app.provider.scopeSeparator) }),
      state: state.reveal(),
      code_challenge: codeChallenge(verifier),
      code_challenge_method: "S256",
      ...(scopes.includes("openid") ? { nonce } : {}),
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return { authorizeUrl: url.href };
  }

  /** Fails closed: whatever is missing, repeated, foreign or late never reaches the token endpoint. */
  async receive(callback: ConsentCallback): Promise<ConsentId> {
    const { store, time } = this.#context;
    const state = single(callback.params, "state");
    const code = single(callback.params, "code");
    const error = single(callback.params, "error");
    const iss = single(callback.params, "iss");
    if (state === null || (code === null) === (error === null)) throw new EvergrantError("consent_callback_invalid");
    const consent = await store.consents.findByState(digest(new Secret(state)));
    if (consent === undefined || consent.app !== callback.app) throw new EvergrantError("consent_callback_invalid");
    if (!this.isOfBrowser(consent, callback.browser)) throw new EvergrantError("consent_browser_mismatch");
    if (consent.progress.kind !== "started") return consent.id;
    const app = await this.#apps.get(consent.app);
    const { issuer, callbackIssuer } = await app.endpoints();
    // RFC 9207 §2.4: an answer of another issuer is never taken for this one's, nor one that leaves out what was promised.
    if (iss === null ? callbackIssuer === "required" : iss !== issuer)
      throw new EvergrantError("consent_callback_invalid");
    if (consent.expiresAtMs <= time.wallMs()) throw new EvergrantError("consent_session_expired");
    if (code === null) await this.#decline(consent, error ?? "access_denied");
    else {
      this.#context.gate.requireOpen();
      const kept = keptParameters(app, callback.params);
      await this.#context.activity.during(() => this.#exchangeOnce(consent, new Secret(code), kept));
    }
    return consent.id;
  }

  isOfBrowser(consent: StoredConsent, browser: Secret | null): boolean {
    return browser !== null && sameDigest(consent.browserHash, this.#browserHash(browser));
  }

  /**
   * Takes up an exchange that a crash cut off, or whose end the store has forgotten: with its answer it is finished, without one
   * the code is spent.
   */
  async resume(
    id: ConsentId,
    attempt: AttemptId,
    answer: Extract<JournalRecord, { kind: "answer" }> | null,
  ): Promise<void> {
    if (this.#running.has(id)) return;
    const { journal, time } = this.#context;
    const consent = await this.#claimedBy(id, { attempt, atMs: answer?.atMs ?? null });
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
  #claimedBy(
    id: ConsentId,
    answered: { readonly attempt: AttemptId; readonly atMs: number | null },
  ): Promise<StoredConsent | undefined> {
    const { attempt, atMs } = answered;
    return this.#context.store.consents.change(id, (consent) =>
      consent.progress.kind === "started" && atMs !== null
        ? {
            progress: { kind: "claimed", atMs, attempt },
            records: { audit: [this.#audit(consent, "code-claimed", { attempt })], notices: [] },
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
            records: { audit: [this.#audit(consent, "consent-declined", { error: code })], notices: [] },
          }
        : null,
    );
  }

  async #exchangeOnce(consent: StoredConsent, code: Secret, callback: KeptParameters): Promise<void> {
    if (this.#running.has(consent.id)) return;
    this.#running.add(consent.id);
    try {
      await this.#exchangeCode(consent, code, callback);
    } finally {
      this.#running.delete(consent.id);
    }
  }

  async #exchangeCode(consent: StoredConsent, code: Secret, callback: KeptParameters): Promise<void> {
    const { store, sealer, time, chance, limits, reached, journal } = this.#context;
    const app = await this.#apps.get(consent.app);
    const attempt = newId<AttemptId>("at", chance);
    const begun = { wallMs: time.wallMs(), monotonicMs: time.monotonicMs() };
    const claimed = await store.consents.change(consent.id, (current) =>
      current.progress.kind === "started"
        ? {
            progress: { kind: "claimed", atMs: begun.wallMs, attempt, callback },
            records: { audit: [this.#audit(consent, "code-claimed", { attempt })], notices: [] },
          }
        : null,
    );
    if (claimed?.progress.kind !== "claimed" || claimed.progress.attempt !== attempt) return;
    reached("intent-written", "code");
    const outcome = await exchange(this.#context, {
      attempt,
      subject: { kind: "consent", consent: consent.id },
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
    const id = jwtClaims(outcome.answer.idToken);
    // An ID token with another nonce belongs to another run: its tokens are not taken in.
    if (outcome.answer.idToken !== null && id.nonce !== undefined && id.nonce !== consent.nonce)
      return await this.#fail(consent, "consent_code_refused", "nonce mismatch");
    const pinned = await this.#acceptance.take(consent, {
      attempt: end.attempt,
      answer: outcome.answer,
      sentAtMs: end.sentAtMs,
      receivedAtMs: end.receivedAtMs,
      callback: end.callback,
    });
    if (pinned === "unknown-home")
      return await this.#fail(consent, "consent_answer_incomplete", "where its data lie is not believed");
  }

  async #fail(
    consent: StoredConsent,
    code: Extract<ConsentProgress, { kind: "failed" }>["code"],
    detail: string,
  ): Promise<void> {
    const atMs = this.#context.time.wallMs();
    await untilStored(this.#context, consent.id, () =>
      this.#context.store.consents.change(consent.id, (current) =>
        current.progress.kind === "claimed"
          ? {
              progress: { kind: "failed", atMs, code, detail },
              records: { audit: [this.#audit(consent, "consent-failed", { code, detail })], notices: [] },
            }
          : null,
      ),
    );
  }

  #browserHash(browser: Secret): string {
    return this.#context.sealer.authenticate("browser", browser.reveal());
  }

  #audit(consent: StoredConsent, event: string, facts: Readonly<Record<string, string>>) {
    return {
      event,
      subject: { kind: "connection", id: consent.connection } as const,
      atMs: this.#context.time.wallMs(),
      by: "person",
      facts: { consent: consent.id, ...facts },
    };
  }
}

type KeptParameters = Readonly<Record<string, string>>;

interface FinishedExchange {
  readonly attempt: AttemptId;
  readonly outcome: Outcome;
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
  readonly callback: KeptParameters;
}

/** The redirect URI of an app, one per app so that answers of two apps can never be mixed up (RFC 9700 §4.4). */
export function redirectUri(publicUrl: string, app: string): string {
  return `${publicUrl}/oauth/callback/${app}`;
}

function verifierContext(id: ConsentId) {
  return { owner: id, chain: "", kind: "code-verifier", version: "" } as const;
}
