import {
  chainOf,
  type EndReason,
  EvergrantError,
  type GrantId,
  type Secret,
  type TokenVersionId,
  takeLease,
  transition,
} from "@evergrant/core";
import type { ReceivedConsent } from "../ports/consent-store.ts";
import type { StoredGrant } from "../ports/grant-store.ts";
import type { PinnedOrigins } from "../ports/provider.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import { changeFor } from "./grant-steps.ts";
import type { GrantViews } from "./grant-views.ts";
import { atHome, pinnedTokenEndpoint } from "./homes.ts";
import type { LiveTokens } from "./live-tokens.ts";
import type { ServiceContext } from "./service-context.ts";
import { openToken } from "./token-versions.ts";
import { pause } from "./waiting.ts";

/** Ends grants: under the same lease as a refresh, so that no answer on its way outlives the revocation. */
export class GrantEnding {
  readonly #context: ServiceContext;
  readonly #apps: AppDirectory;
  readonly #live: LiveTokens;
  readonly #views: GrantViews;

  constructor(context: ServiceContext, parts: { apps: AppDirectory; live: LiveTokens; views: GrantViews }) {
    this.#context = context;
    this.#apps = parts.apps;
    this.#live = parts.live;
    this.#views = parts.views;
  }

  /** Revokes a grant at the provider and never spends it again. True when the provider confirmed. */
  revoke(id: GrantId, reason: EndReason): Promise<boolean> {
    return this.#endAlone(id, reason, async (held, app) => {
      const chain = chainOf(held.state);
      const head = chain?.renewal.kind === "refresh-token" ? chain.renewal.head.version : null;
      return head !== null && (await this.#revokeToken(held, head, { app, pinned: await this.#pinned(app, id) }));
    });
  }

  /** Never spends a grant again; the provider is not told. */
  async end(id: GrantId, reason: EndReason): Promise<void> {
    await this.#endAlone(id, reason, async () => false);
  }

  async #endAlone(
    id: GrantId,
    reason: EndReason,
    first: (held: StoredGrant, app: App) => Promise<boolean>,
  ): Promise<boolean> {
    this.#context.gate.requireOpen();
    const held = await this.#holdLease(id);
    if (held === undefined) return false;
    const app = await this.#apps.get(held.app);
    const confirmed = await first(held, app);
    await this.#end(id, app, reason);
    return confirmed;
  }

  /** Revokes tokens that were received but never put to use. */
  async revokeUnused(id: GrantId, { version, pinned }: Pick<ReceivedConsent, "version" | "pinned">): Promise<void> {
    this.#context.gate.requireOpen();
    const grant = await this.#context.store.grants.load(id);
    if (grant === undefined) return;
    const app = await this.#apps.get(grant.app);
    await this.#revokeToken(grant, version, { app, pinned: pinned ?? (await this.#pinned(app, grant.id)) });
  }

  async #holdLease(id: GrantId): Promise<StoredGrant | undefined> {
    const { store, owner, limits, time } = this.#context;
    const deadlineMs = time.monotonicMs() + limits.leaseMs + limits.callerWaitMs;
    for (;;) {
      const taken = await store.grants.change<{ grant: StoredGrant } | { busyUntilMs: number }>(id, (grant, nowMs) => {
        const inFlight = chainOf(grant.state)?.attempt != null;
        const lease = takeLease(grant.lease, { owner, nowMs, leaseMs: limits.leaseMs });
        // Our own attempt may be on its way under this very lease.
        if (lease === null || (inFlight && grant.lease.untilMs > nowMs))
          return { change: null, result: { busyUntilMs: grant.lease.untilMs } };
        return {
          change: { state: null, lease, dueAtMs: grant.dueAtMs, tokens: [], records: { audit: [], notices: [] } },
          result: { grant },
        };
      });
      if (taken === undefined) return undefined;
      if ("grant" in taken) return taken.grant;
      if (time.monotonicMs() >= deadlineMs)
        throw new EvergrantError("token_not_ready", {
          detail: "an attempt is still on its way",
          retryAfterMs: limits.retryFirstMs,
        });
      await pause(this.#context, Math.max(1, Math.min(taken.busyUntilMs - time.wallMs(), limits.marginMs / 20)));
    }
  }

  async #end(id: GrantId, app: App, reason: EndReason): Promise<void> {
    const { store, time } = this.#context;
    await store.grants.change(id, (grant, storeNowMs) => {
      const moved = transition(grant.state, { kind: "ended", atMs: time.wallMs(), reason }, app.timing);
      const view = this.#views.of(grant, { waitedForMs: null, leaseNowMs: storeNowMs });
      const lease = { ...grant.lease, owner: null, untilMs: 0 };
      return {
        change: moved.kind === "moved" ? changeFor(grant, moved, { view, timing: app.timing, lease }) : null,
        result: true,
      };
    });
    this.#live.drop(id);
  }

  #pinned(app: App, grant: GrantId): Promise<PinnedOrigins | null> {
    return pinnedTokenEndpoint(this.#context, app, grant);
  }

  async #revokeToken(
    grant: StoredGrant,
    id: TokenVersionId,
    { app, pinned }: { readonly app: App; readonly pinned: PinnedOrigins | null },
  ): Promise<boolean> {
    const { store, sealer, tokenEndpoint, limits } = this.#context;
    const endpoints = await app.endpoints();
    const { revocation } = atHome(endpoints, pinned);
    const version = await store.grants.token(id);
    const token: Secret | null = version === undefined ? null : openToken(sealer, grant, version, "refresh-token");
    const clientSecret = app.secrets()[0] ?? null;
    if (pinned === null || revocation === null || token === null || app.provider.revocation === "none") return false;
    const clientAuthentication = endpoints.clientAuthentication ?? app.provider.clientAuthentication;
    return (
      (await tokenEndpoint.revoke({
        url: revocation,
        clientId: app.stored.clientId,
        clientSecret,
        clientAuthentication,
        token,
        timeoutMs: limits.requestTimeoutMs,
      })) === "done"
    );
  }
}
