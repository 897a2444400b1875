import {
  type ConnectionId,
  chainOf,
  confirmFromMs,
  type ErrorCode,
  EvergrantError,
  type Freshness,
  freshness,
  type GrantId,
  promisedMs,
  remainingMs,
  type Secret,
  type Step,
  type Timing,
  type TokenVersionId,
} from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { StoredGrant } from "../ports/grant-store.ts";
import type { AccessToken, AccessTokenAsk, Tokens } from "./access.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import type { Driven, GrantRefresher } from "./grant-refresher.ts";
import type { LiveToken, LiveTokens } from "./live-tokens.ts";
import { consentScopes } from "./scopes.ts";
import type { ServiceContext } from "./service-context.ts";
import type { TokenProbe } from "./token-probe.ts";
import { openToken } from "./token-versions.ts";
import { pause, within } from "./waiting.ts";

interface Ask {
  readonly connection: StoredConnection;
  readonly grant: GrantId;
  readonly app: App;
  readonly minTtlMs: number;
  /** The one that does not count any more. */
  readonly refused: TokenVersionId | null;
}

/** At most one renewal for each grant in this while because the API called a token expired. */
const REPLACED_AGAIN_MS = 60_000;

/** Hands out access tokens: from memory while one is good, behind a shared attempt otherwise. */
export class AccessTokens implements Tokens {
  readonly #context: ServiceContext;
  readonly #connections: ConnectionDirectory;
  readonly #apps: AppDirectory;
  readonly #live: LiveTokens;
  readonly #refresher: GrantRefresher;
  readonly #probe: TokenProbe;

  constructor(
    context: ServiceContext,
    parts: {
      connections: ConnectionDirectory;
      apps: AppDirectory;
      live: LiveTokens;
      refresher: GrantRefresher;
      probe: TokenProbe;
    },
  ) {
    this.#context = context;
    this.#connections = parts.connections;
    this.#apps = parts.apps;
    this.#live = parts.live;
    this.#refresher = parts.refresher;
    this.#probe = parts.probe;
  }

  async accessToken(id: ConnectionId, ask: AccessTokenAsk = {}): Promise<AccessToken> {
    const { observe, time } = this.#context;
    if (observe === undefined) return await this.#accessToken(id, ask);
    const begunMs = time.monotonicMs();
    const told = (outcome: "answered" | ErrorCode) =>
      observe({ kind: "token-asked", outcome, tookMs: Math.max(0, time.monotonicMs() - begunMs) });
    try {
      const answer = await this.#accessToken(id, ask);
      told("answered");
      return answer;
    } catch (error) {
      told(error instanceof EvergrantError ? error.code : "internal_error");
      throw error;
    }
  }

  async #accessToken(id: ConnectionId, ask: AccessTokenAsk): Promise<AccessToken> {
    const { connection, grant } = usable(this.#connections.get(id));
    const isFirstUse = this.#live.markUsed(grant, this.#context.time.wallMs());
    const app = this.#apps.peek(connection.app) ?? (await this.#apps.get(connection.app));
    const minTtlMs = ask.minTtlMs ?? this.#context.limits.minTtlMs;
    if (ask.refusedSha256 !== undefined) await this.#hear({ grant, app, refusedSha256: ask.refusedSha256 });
    const asked: Ask = { connection, grant, app, minTtlMs, refused: this.#probe.refused(grant) };
    const answer = this.#fromMemory(asked) ?? (await this.#waitFor(asked));
    // The schedule was made for a grant that nobody uses; it has to hear that somebody does.
    if (isFirstUse) this.#refreshBehind(grant);
    return answer;
  }

  async replacement(id: ConnectionId, refused: Secret): Promise<AccessToken | null> {
    const { connection, grant } = usable(this.#connections.get(id));
    const { limits, time } = this.#context;
    const live = this.#live.get(grant);
    if (live !== undefined && live.secret.reveal() === refused.reveal()) {
      const { version } = live.facts;
      if (!this.#live.markRefused(grant, { version, atMs: time.wallMs() }, REPLACED_AGAIN_MS)) return null;
    }
    const app = this.#apps.peek(connection.app) ?? (await this.#apps.get(connection.app));
    const ask: Ask = { connection, grant, app, minTtlMs: limits.minTtlMs, refused: this.#live.refused(grant) };
    const answer = this.#fromMemory(ask) ?? (await this.#waitFor(ask).catch(() => null));
    return answer === null || answer.accessToken.reveal() === refused.reveal() ? null : answer;
  }

  /** Brings what the store has of a grant into memory. */
  async warm(grant: GrantId): Promise<void> {
    await this.#warm(await this.#context.store.grants.load(grant));
  }

  // After a start the token in hand may still lie in the store alone.
  async #hear(claim: { grant: GrantId; app: App; refusedSha256: string }): Promise<void> {
    if (this.#live.get(claim.grant) === undefined) await this.warm(claim.grant).catch(() => undefined);
    await this.#probe.hear(claim);
  }

  #fromMemory(ask: Ask): AccessToken | undefined {
    const live = this.#live.get(ask.grant);
    if (live === undefined || live.facts.version === ask.refused) return undefined;
    switch (this.#freshness(live, ask)) {
      case "fresh":
        return this.#answer(live, ask);
      case "stale":
        // Where a refresh may kill the token in hand, handing it out and refreshing behind would cut the caller off.
        if (ask.app.timing.policy.oldAccessToken === "dies") return undefined;
        this.#refreshBehind(ask.grant);
        return this.#answer(live, ask);
      case "short":
      case "expired":
        return undefined;
    }
  }

  #refreshBehind(grant: GrantId): void {
    if (this.#context.gate.hold !== null) return;
    this.#refresher
      .drive(grant, { waitedForMs: null })
      .catch((error: unknown) => this.#context.report({ what: "refresh", subject: grant, error }));
  }

  // A cold or worn token: wait for a new one within the caller's patience, and fall back on whatever is still valid.
  async #waitFor(ask: Ask): Promise<AccessToken> {
    const deadlineMs = this.#context.time.monotonicMs() + this.#context.limits.callerWaitMs;
    let last: Driven | "late" | undefined;
    try {
      await this.#warm(await this.#context.store.grants.load(ask.grant));
      for (;;) {
        const answer = this.#fromMemory(ask);
        if (answer !== undefined) return answer;
        const leftMs = deadlineMs - this.#context.time.monotonicMs();
        if (leftMs <= 0 || (last !== undefined && last !== "late" && last.kind === "renewed")) break;
        last = await within(this.#context, leftMs, this.#refresher.drive(ask.grant, { waitedForMs: ask.minTtlMs }));
        if (last === "late" || last.kind === "renewed") continue;
        if (last.kind === "unknown") break;
        if (await this.#warm(last.grant)) continue;
        const restMs = this.#patience(last.step);
        // An app that is refused stays refused until an operator mends it: waiting would only hold the caller up.
        if (isAppRefused(last.grant)) break;
        if (restMs === null || restMs > deadlineMs - this.#context.time.monotonicMs()) break;
        await pause(this.#context, Math.max(restMs, 1));
      }
    } catch (error) {
      const live = this.#stillValid(ask);
      if (live !== undefined) return this.#answer(live, ask);
      throw error;
    }
    const live = this.#stillValid(ask);
    if (live !== undefined) return this.#answer(live, ask);
    throw this.#refusal(last, ask.app.timing);
  }

  /** Brings a token from the store into memory: after a start, or when another node renewed it. True when it was news. */
  async #warm(grant: StoredGrant | undefined): Promise<boolean> {
    const access = grant === undefined ? null : (chainOf(grant.state)?.access ?? null);
    if (grant === undefined || access === null || this.#live.get(grant.id)?.facts.version === access.version)
      return false;
    const version = await this.#context.store.grants.token(access.version);
    const secret = version === undefined ? null : openToken(this.#context.sealer, grant, version, "access-token");
    if (secret === null) return false;
    const app = this.#apps.peek(grant.app) ?? (await this.#apps.get(grant.app));
    return this.#live.offer(grant.id, {
      ...{ secret, facts: access },
      confirmFromMs: confirmFromMs(grant.state, app.timing),
    });
  }

  #stillValid(ask: Ask): LiveToken | undefined {
    const live = this.#live.get(ask.grant);
    if (live === undefined || live.facts.version === ask.refused) return undefined;
    return remainingMs(live.facts, this.#context.clock.latestMs(), ask.app.timing) > 0 ? live : undefined;
  }

  #freshness(live: LiveToken, ask: Ask): Freshness {
    return freshness(live.facts, { nowMs: this.#context.clock.latestMs(), minTtlMs: ask.minTtlMs }, ask.app.timing);
  }

  #restMs(step: Step): number | null {
    return step.kind === "rest" ? step.untilMs - this.#context.time.wallMs() : null;
  }

  // Somebody else is at it: whether the result has come can only be seen by looking, much sooner than his lease ends.
  #patience(step: Step): number | null {
    const restMs = this.#restMs(step);
    const inFlight = step.kind === "rest" && step.because === "attempt-in-flight";
    return restMs !== null && inFlight ? Math.min(restMs, this.#context.limits.marginMs / 20) : restMs;
  }

  #answer(live: LiveToken, ask: Ask): AccessToken {
    return {
      accessToken: live.secret,
      tokenType: "Bearer",
      expiresInMs: promisedMs(
        { access: live.facts, confirmFromMs: live.confirmFromMs ?? null },
        this.#context.clock.latestMs(),
        ask.app.timing,
      ),
      scope: live.facts.scope ?? consentScopes(ask.app).join(" "),
      tenants: ask.connection.tenants
        .filter((tenant) => tenant.status === "connected")
        .map(({ id, name }) => ({ id, name })),
    };
  }

  #refusal(last: Driven | "late" | undefined, timing: Timing): EvergrantError {
    const restMs = last !== undefined && last !== "late" && last.kind === "resting" ? this.#restMs(last.step) : null;
    const retryAfterMs = Math.max(1_000, Math.min(restMs ?? 1_000, timing.limits.retryMaxMs));
    if (last === undefined || last === "late" || last.kind !== "resting")
      return new EvergrantError("token_not_ready", { retryAfterMs });
    return refusalFor(last.grant, retryAfterMs);
  }
}

// I7 right token: looked at anew for each caller; what was disabled or never consented to gives nothing.
function usable(connection: StoredConnection | undefined): { connection: StoredConnection; grant: GrantId } {
  if (connection === undefined) throw new EvergrantError("connection_not_available");
  if (connection.disabledAtMs !== null) throw new EvergrantError("connection_disabled");
  const allGone = connection.tenants.length > 0 && connection.tenants.every((tenant) => tenant.status === "gone");
  if (connection.grant === null || allGone)
    throw new EvergrantError(
      "consent_required",
      allGone ? { detail: "the organisation was disconnected at the provider" } : {},
    );
  return { connection, grant: connection.grant };
}

function isAppRefused(grant: StoredGrant): boolean {
  return chainOf(grant.state)?.trouble?.kind === "app-error" && grant.state.kind === "live";
}

function refusalFor(grant: StoredGrant, retryAfterMs: number): EvergrantError {
  switch (grant.state.kind) {
    case "unconsented":
    case "consent-needed":
    case "ended":
      return new EvergrantError("consent_required");
    case "in-court":
      return new EvergrantError("token_not_ready", {
        detail: "the provider refused the refresh token; this is being checked",
        retryAfterMs,
      });
    case "live": {
      const { trouble } = grant.state.chain;
      if (trouble === null) return new EvergrantError("token_not_ready", { retryAfterMs });
      return new EvergrantError(trouble.kind === "app-error" ? "app_refused" : "provider_unreachable", {
        detail: trouble.detail,
        retryAfterMs,
      });
    }
  }
}
