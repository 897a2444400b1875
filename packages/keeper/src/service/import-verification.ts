import {
  type AttemptId,
  type Chain,
  type ChainId,
  type ConsentId,
  chainOf,
  firstChain,
  type GrantId,
  NO_LEASE,
  Secret,
  type TokenVersionId,
  transition,
} from "@evergrant/core";
import type { ConsentFailure, ConsentProgress, StoredConsent } from "../ports/consent-store.ts";
import type { StoredGrant } from "../ports/grant-store.ts";
import type { AppDirectory } from "./app-directory.ts";
import type { ConsentAcceptance } from "./consent-acceptance.ts";
import { consentRecords } from "./consent-records.ts";
import type { GrantRefresher } from "./grant-refresher.ts";
import type { RenewedGrant } from "./grant-settler.ts";
import { changeFor } from "./grant-steps.ts";
import type { GrantViews } from "./grant-views.ts";
import { judgeIdToken } from "./jwt-claims.ts";
import type { LiveTokens } from "./live-tokens.ts";
import { newId } from "./new-id.ts";
import type { ServiceContext } from "./service-context.ts";
import { SingleFlight } from "./single-flight.ts";
import { openToken, sealVersion } from "./token-versions.ts";
import { untilStored } from "./waiting.ts";

type Claimed = Extract<ConsentProgress, { kind: "claimed" }> &
  Required<Pick<Extract<ConsentProgress, { kind: "claimed" }>, "imported">>;

interface Parts {
  readonly apps: AppDirectory;
  readonly acceptance: ConsentAcceptance;
  readonly refresher: GrantRefresher;
  readonly live: LiveTokens;
  readonly views: GrantViews;
}

const RESUMED_AT_MOST = 1_000;

/**
 * Verifies an imported token by a refresh like any other: under a grant of its own, so that intent, journal, lost answers and the court
 * are those of every grant. Once it was renewed its tokens go to the grant of the person whom the provider names, as a consent's do.
 */
export class ImportVerification {
  readonly #context: ServiceContext;
  readonly #parts: Parts;
  readonly #settling = new SingleFlight<ConsentId, void>();
  /** What the answers of this process said of their person; after a crash only the access token does. */
  readonly #said = new Map<GrantId, Pick<RenewedGrant, "idToken" | "members">>();

  constructor(context: ServiceContext, parts: Parts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Keeps the token, sealed and with its fingerprint. Where somebody else did at the same moment, this import has failed. */
  async keep(consent: StoredConsent, token: Secret): Promise<void> {
    const { store, sealer, time, chance } = this.#context;
    const claimed = claimedOf(consent);
    if (claimed === null) return;
    const app = await this.#parts.apps.get(consent.app);
    const { grant: id } = claimed.imported;
    const fresh: StoredGrant = {
      ...{ id, app: consent.app, subject: null, state: { kind: "unconsented" }, lease: NO_LEASE },
      ...{ dataKey: sealer.newDataKey(id), dueAtMs: null },
    };
    await store.grants.create(fresh, { audit: [], notices: [] });
    const atMs = time.wallMs();
    const version = newId<TokenVersionId>("tv", chance);
    const start = { renewal: "refresh-token", version, access: null, atMs, jitter: 0 } as const;
    const chain = firstChain(chainOfImport(consent.id), start);
    const kept = await store.grants.change(id, (grant, storeNowMs) => {
      if (grant.state.kind !== "unconsented") return { change: null, result: false };
      const moved = transition(grant.state, { kind: "consented", atMs, chain }, app.timing);
      const view = this.#parts.views.of(grant, { waitedForMs: null, leaseNowMs: storeNowMs });
      const tokens = [this.#broughtVersion(grant, { version, chain, token, atMs })];
      return {
        change: moved.kind === "moved" ? changeFor(grant, moved, { view, timing: app.timing, tokens }) : null,
        result: moved.kind === "moved",
      };
    });
    if (kept !== true) await this.#fail(consent, "import_token_known", "somebody else brought it at the same moment");
  }

  /** Spends the token if that is still to be done, and settles what can be. */
  async advance(id: ConsentId): Promise<void> {
    const consent = await this.#context.store.consents.find(id);
    const claimed = consent === undefined ? null : claimedOf(consent);
    if (claimed === null) return;
    await this.#parts.refresher.drive(claimed.imported.grant, { waitedForMs: null });
    await this.settle(id);
  }

  /** Takes over an import whose token was renewed, and ends one that was refused; of others nothing is done. May be repeated. */
  settle(id: ConsentId): Promise<void> {
    return this.#settling.run(id, () => this.#settle(id));
  }

  /** Every renewal comes by here; those of imports are taken over. */
  afterRenewal({ grant, idToken, members }: RenewedGrant): void {
    if (!grant.startsWith("im_")) return;
    this.#said.set(grant, { idToken, members });
    void this.#context.activity
      .during(async () => {
        const stored = await this.#context.store.grants.load(grant);
        const chain = stored === undefined ? null : chainOf(stored.state);
        if (chain !== null) await this.settle(consentOfChain(chain.id));
      })
      .catch((error: unknown) => this.#context.report({ what: "import", subject: grant, error }));
  }

  /** Takes up what a crash cut off. */
  async resume(): Promise<void> {
    for (const consent of await this.#context.store.consents.importing(RESUMED_AT_MOST))
      await this.advance(consent.id).catch((error: unknown) =>
        this.#context.report({ what: "import", subject: consent.id, error }),
      );
  }

  async troubleOf(consent: StoredConsent): Promise<string | null> {
    const claimed = claimedOf(consent);
    const grant = claimed === null ? undefined : await this.#context.store.grants.load(claimed.imported.grant);
    if (grant === undefined) return null;
    const trouble = chainOf(grant.state)?.trouble ?? null;
    if (trouble !== null) return `${trouble.kind}: ${trouble.detail}`;
    return grant.state.kind === "in-court" ? "refused once; asked again before that is believed" : null;
  }

  async #settle(id: ConsentId): Promise<void> {
    const { store, time, limits } = this.#context;
    const consent = await store.consents.find(id);
    const claimed = consent === undefined ? null : claimedOf(consent);
    if (consent === undefined || claimed === null) return;
    const grant = await store.grants.load(claimed.imported.grant);
    if (grant === undefined || grant.state.kind === "unconsented") {
      // Whoever keeps it may be at it at this moment.
      if (claimed.atMs + limits.leaseMs > time.wallMs()) return;
      return await this.#fail(consent, "import_unfinished", "the process ended before the token was kept");
    }
    switch (grant.state.kind) {
      case "in-court":
        return;
      case "consent-needed":
        return await this.#fail(consent, "import_token_refused", grant.state.reason);
      case "live": {
        const verified = verifiedTokens(grant.state.chain);
        if (verified === null || !(await this.#handOver(consent, grant, verified))) return;
        return await this.#takeOver(consent, grant, verified);
      }
      case "ended":
        if (claimed.verified === undefined)
          return await this.#fail(consent, "import_token_refused", grant.state.reason);
        return await this.#takeOver(consent, grant, claimed.verified);
    }
  }

  // I4 single spender: what is noted first is where the tokens are; then the import's own grant never spends again.
  async #handOver(consent: StoredConsent, grant: StoredGrant, verified: Verified): Promise<boolean> {
    const { store, time } = this.#context;
    const { timing } = await this.#parts.apps.get(grant.app);
    await store.consents.change(consent.id, ({ progress }) =>
      progress.kind === "claimed"
        ? {
            progress: { ...progress, verified },
            records: consentRecords(consent, time.wallMs(), { event: "import-verified", by: "keeper", facts: {} }),
          }
        : null,
    );
    const ended = await store.grants.change(grant.id, (current, storeNowMs) => {
      const now = current.state.kind === "live" ? verifiedTokens(current.state.chain) : null;
      if (now === null || now.refresh !== verified.refresh || now.access !== verified.access)
        return { change: null, result: false };
      const event = { kind: "ended", atMs: time.wallMs(), reason: "disconnected" } as const;
      const moved = transition(current.state, event, timing);
      const view = this.#parts.views.of(current, { waitedForMs: null, leaseNowMs: storeNowMs });
      return { change: moved.kind === "moved" ? changeFor(current, moved, { view, timing }) : null, result: true };
    });
    this.#parts.live.drop(grant.id);
    return ended === true;
  }

  async #takeOver(consent: StoredConsent, grant: StoredGrant, verified: Verified): Promise<void> {
    const { store, sealer } = this.#context;
    const access = await store.grants.token(verified.access);
    const refresh = await store.grants.token(verified.refresh);
    const accessToken = access === undefined ? null : openToken(sealer, grant, access, "access-token");
    const refreshToken = refresh === undefined ? null : openToken(sealer, grant, refresh, "refresh-token");
    if (access === undefined || accessToken === null || refreshToken === null)
      return await this.#fail(consent, "import_token_refused", "its tokens are gone");
    const { idToken, members } = this.#said.get(grant.id) ?? { idToken: null, members: {} };
    const { stored } = await this.#parts.apps.get(consent.app);
    const isOurs = judgeIdToken(idToken, { nonce: null, clientId: stored.clientId }) === "ours";
    const { receivedAtMs, accessExpiresAtMs, scope } = access;
    const taken = await this.#parts.acceptance.take(consent, {
      callback: {},
      attempt: attemptOfImport(consent.id),
      answer: {
        ...{ accessToken, refreshToken, idToken: isOurs ? idToken : null, tokenType: "Bearer", scope },
        ...{ expiresInMs: accessExpiresAtMs - receivedAtMs, members },
      },
      ...{ sentAtMs: receivedAtMs, receivedAtMs },
    });
    this.#said.delete(grant.id);
    // Its tokens stay where they are, sealed.
    if (taken !== "taken") await this.#fail(consent, "consent_answer_incomplete", "nobody knows where its data lie");
  }

  async #fail(consent: StoredConsent, code: ConsentFailure, detail: string): Promise<void> {
    const { store, time } = this.#context;
    const atMs = time.wallMs();
    const line = { event: "import-failed", by: "keeper", facts: { code, detail } };
    await untilStored(this.#context, consent.id, () =>
      store.consents.change(consent.id, ({ progress }) =>
        progress.kind === "claimed"
          ? { progress: { kind: "failed", atMs, code, detail }, records: consentRecords(consent, atMs, line) }
          : null,
      ),
    );
  }

  // What was brought says nothing of itself: no access token came with it, and nobody knows how old it is.
  #broughtVersion(grant: StoredGrant, brought: { version: TokenVersionId; chain: Chain; token: Secret; atMs: number }) {
    const { sealer } = this.#context;
    const { version, chain, token, atMs } = brought;
    const answer = {
      ...{ accessToken: new Secret(""), refreshToken: token, idToken: null, tokenType: "Bearer" },
      ...{ expiresInMs: 0, scope: null, members: {} },
    };
    const attempt = version.replace(/^tv_/, "at_") as AttemptId;
    return sealVersion(sealer, grant, {
      ...{ attempt, chain: chain.id, parent: null, answer, receivedAtMs: atMs, accessExpiresAtMs: atMs },
    });
  }
}

interface Verified {
  readonly access: TokenVersionId;
  readonly refresh: TokenVersionId;
}

/** The tokens of a chain that was renewed and is in no doubt: what is still on its way, or waits to be confirmed, stays where it is. */
function verifiedTokens({ generation, renewal, access, attempt }: Chain): Verified | null {
  if (generation === 0 || access === null || attempt !== null || renewal.kind !== "refresh-token") return null;
  return renewal.suspect === null ? { access: access.version, refresh: renewal.head.version } : null;
}

function claimedOf({ progress }: StoredConsent): Claimed | null {
  return progress.kind === "claimed" && progress.imported !== undefined
    ? { ...progress, imported: progress.imported }
    : null;
}

// One name in three coats, so that whoever finds one of them finds the others.
const chainOfImport = (id: ConsentId) => id.replace(/^cs_/, "ch_") as ChainId;
const consentOfChain = (id: ChainId) => id.replace(/^ch_/, "cs_") as ConsentId;
const attemptOfImport = (id: ConsentId) => id.replace(/^cs_/, "at_") as AttemptId;
