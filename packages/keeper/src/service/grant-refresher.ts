import {
  type AttemptId,
  chainOf,
  type Expected,
  type GrantId,
  type Outcome,
  type SpendReason,
  type Step,
  type TokenVersionId,
  takeLease,
  transition,
  workedOnWithinMs,
} from "@evergrant/core";
import type { StoredGrant } from "../ports/grant-store.ts";
import type { TokenGrant } from "../ports/token-endpoint.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import type { AdmittedEnd, AppPacer } from "./app-pacer.ts";
import { redirectUri } from "./consent-start.ts";
import { exchange } from "./exchange.ts";
import type { GrantSettler } from "./grant-settler.ts";
import { changeBy, changeFor, dueAfter, stepOf } from "./grant-steps.ts";
import type { GrantViews } from "./grant-views.ts";
import { pinnedTokenEndpoint } from "./homes.ts";
import { newId } from "./new-id.ts";
import type { ServiceContext } from "./service-context.ts";
import { SingleFlight } from "./single-flight.ts";
import { openToken } from "./token-versions.ts";

/** What became of a look at a grant: its step when nothing more could be done now. */
export type Driven =
  | { readonly kind: "renewed" }
  | { readonly kind: "resting"; readonly grant: StoredGrant; readonly step: Step }
  | { readonly kind: "unknown" };

interface Asked {
  /** How long a token has to last for whoever waits for it; null: nobody does. */
  readonly waitedForMs: number | null;
  /** The grant as it was claimed just now: it need not be read again before the first step, which is taken on what its own transaction reads. */
  readonly claimed?: StoredGrant;
}

/** An attempt whose intent is committed. */
interface Begun {
  readonly grant: StoredGrant;
  readonly attempt: AttemptId;
  readonly expected: Expected;
  readonly spent: TokenVersionId | null;
  readonly fence: number;
  readonly leaseUntilMs: number;
  readonly clocks: { readonly wallMs: number; readonly monotonicMs: number };
}

/**
 * Keeps grants alive by Intent–Journal–Settle: the plan and its intent in one commit, the raw answer on disk before it is read,
 * the settle by compare-and-set. One flight per grant in this process; the lease keeps other processes out.
 */
export class GrantRefresher {
  readonly #context: ServiceContext;
  readonly #apps: AppDirectory;
  readonly #views: GrantViews;
  readonly #settler: GrantSettler;
  readonly #pacer: AppPacer;
  readonly #onScheduled: (dueAtMs: number | null) => void;
  readonly #calm = new SingleFlight<GrantId, Driven>();
  readonly #urgent = new SingleFlight<GrantId, Driven>();

  constructor(
    context: ServiceContext,
    parts: {
      apps: AppDirectory;
      views: GrantViews;
      settler: GrantSettler;
      pacer: AppPacer;
      onScheduled: (dueAtMs: number | null) => void;
    },
  ) {
    this.#context = context;
    this.#apps = parts.apps;
    this.#views = parts.views;
    this.#settler = parts.settler;
    this.#pacer = parts.pacer;
    this.#onScheduled = parts.onScheduled;
  }

  /** Does for a grant whatever its plan says, until it rests. Callers who come meanwhile share the flight. */
  drive(id: GrantId, ask: Asked): Promise<Driven> {
    const fly = () => this.#context.activity.during(() => this.#fly(id, ask));
    if (ask.waitedForMs === null) return this.#urgent.running(id) ?? this.#calm.run(id, fly);
    // What runs already may bring the token; only then is there something to do for the one who waits.
    return this.#urgent.run(id, async () => {
      const before = await this.#calm.running(id)?.catch(() => undefined);
      return before?.kind === "renewed" ? before : await fly();
    });
  }

  /** Waits for every flight that is on its way. */
  async drain(): Promise<void> {
    await this.#calm.drain();
    await this.#urgent.drain();
  }

  // I12 liveness: an intent whose acknowledgement was lost stands in the store, and nobody else may be looking for it.
  async #fly(id: GrantId, ask: Asked): Promise<Driven> {
    try {
      return await this.#driveUntilRest(id, ask);
    } catch (error) {
      const { time, limits } = this.#context;
      this.#onScheduled(time.wallMs() + limits.leaseMs);
      throw error;
    }
  }

  async #driveUntilRest(id: GrantId, { waitedForMs, claimed }: Asked): Promise<Driven> {
    for (let known = claimed; ; known = undefined) {
      await this.#context.clock.makeSure();
      this.#context.gate.requireOpen();
      const stored = known ?? (await this.#context.store.grants.load(id));
      if (stored === undefined) return { kind: "unknown" };
      const app = await this.#apps.get(stored.app);
      const view = this.#views.of(stored, { waitedForMs, leaseNowMs: this.#context.time.wallMs() });
      const step = stepOf(stored, view, app.timing);
      // Whoever waits is looked at again inside the transaction, in the store's own time; nobody else needs one to go on resting.
      if (waitedForMs === null && isAtRest(step) && dueAfter(stored, view, app.timing) === stored.dueAtMs) {
        this.#onScheduled(stored.dueAtMs);
        return { kind: "resting", grant: stored, step };
      }
      // Looked at before the transaction, to learn whether a request would go out and so needs the pacer's leave.
      const because = step.kind === "spend" || step.kind === "request" ? step.because : null;
      const paused =
        because === null
          ? null
          : (this.#untilMended() ??
            this.#leftToOthers(stored, { because, isClaimed: claimed !== undefined }) ??
            this.#pacer.admit(stored.app, { grant: id, because }));
      if (paused !== null) {
        // Whoever waits comes back by himself.
        if (waitedForMs === null) this.#onScheduled(paused.untilMs);
        return { kind: "resting", grant: stored, step: paused };
      }
      const done = await this.#stepOnce(stored, app, { waitedForMs, admitted: because !== null });
      if (done !== null) return done;
    }
  }

  // Nothing is sent meanwhile. Whatever was begun all the same the store may forget once more, and then it passes for a send.
  #untilMended(): Extract<Step, { kind: "rest" }> | null {
    const { gate, time, limits } = this.#context;
    return gate.isMending
      ? { kind: "rest", untilMs: time.wallMs() + limits.retryFirstMs, because: "store-mending" }
      : null;
  }

  // However many callers ask here: what is owed is asked for by a node that gets answers, if there is one.
  #leftToOthers(
    { dueAtMs }: StoredGrant,
    { because, isClaimed }: { because: SpendReason; isClaimed: boolean },
  ): Extract<Step, { kind: "rest" }> | null {
    const nowMs = this.#context.time.wallMs();
    // Further ahead than any work or back-off: the others hold it past its grace, as it is not theirs, and none of them will look.
    const isHeldByOthers = (dueAtMs ?? nowMs) > nowMs + workedOnWithinMs(this.#context.limits);
    const leaves = because === "recovery" && !isClaimed && !isHeldByOthers;
    const backMs = leaves ? this.#pacer.standsBackMs() : 0;
    const untilMs = Math.min((dueAtMs ?? nowMs) + backMs, nowMs + backMs);
    return untilMs > nowMs ? { kind: "rest", untilMs, because: "provider-silent" } : null;
  }

  /** One step; null when there may be another. Whatever was admitted is told how it ended. */
  async #stepOnce(
    stored: StoredGrant,
    app: App,
    ask: { waitedForMs: number | null; admitted: boolean },
  ): Promise<Driven | null> {
    let outcome: AdmittedEnd = "not-told";
    try {
      const begun = await this.#begin(stored.id, app, ask.waitedForMs);
      if (begun === undefined || !("attempt" in begun)) outcome = "not-begun";
      if (begun === undefined) return { kind: "unknown" };
      if ("resting" in begun) {
        this.#onScheduled(begun.resting.grant.dueAtMs);
        return { kind: "resting", ...begun.resting };
      }
      if ("moved" in begun) return null;
      outcome = await this.#attempt(app, begun);
      // Another node may have been told of a new client secret.
      if (outcome === "app-error") this.#apps.doubt(stored.app);
      return outcome === "success" ? { kind: "renewed" } : null;
    } finally {
      if (ask.admitted) this.#pacer.ended(stored.app, stored.id, outcome);
    }
  }

  // I5 write-ahead, rule 2: lease, fence and intent in one commit, computed from the row as it is in that very transaction.
  async #begin(
    id: GrantId,
    app: App,
    waitedForMs: number | null,
  ): Promise<Begun | { resting: { grant: StoredGrant; step: Step } } | { moved: true } | undefined> {
    const { store, time, chance, owner, node, limits, reached } = this.#context;
    const clocks = { wallMs: time.wallMs(), monotonicMs: time.monotonicMs() };
    const attempt = newId<AttemptId>("at", chance);
    const begun = await store.grants.change<Begun | { resting: { grant: StoredGrant; step: Step } } | { moved: true }>(
      id,
      (grant, storeNowMs) => {
        const view = { ...this.#views.of(grant, { waitedForMs, leaseNowMs: storeNowMs }), nowMs: clocks.wallMs };
        const step = stepOf(grant, view, app.timing);
        switch (step.kind) {
          case "sleep":
          case "rest": {
            const dueAtMs = dueAfter(grant, view, app.timing);
            const change =
              dueAtMs === grant.dueAtMs
                ? null
                : { state: null, lease: null, dueAtMs, tokens: [], records: { audit: [], notices: [] } };
            return { change, result: { resting: { grant: { ...grant, dueAtMs }, step } } };
          }
          case "warn":
            return {
              change: changeBy(
                grant,
                { kind: "warned", level: step.level, atMs: view.nowMs },
                { view, timing: app.timing },
              ),
              result: { moved: true },
            };
          case "declare-lost":
            return {
              change: changeBy(grant, { kind: "declared-lost", atMs: view.nowMs }, { view, timing: app.timing }),
              result: { moved: true },
            };
          case "spend":
          case "request": {
            const lease = takeLease(grant.lease, { owner, nowMs: storeNowMs, leaseMs: limits.leaseMs });
            const chain = chainOf(grant.state);
            if (lease === null || chain === null)
              return {
                change: null,
                result: {
                  resting: {
                    grant,
                    step: { kind: "rest", untilMs: grant.lease.untilMs, because: "attempt-in-flight" },
                  },
                },
              };
            const token = step.kind === "spend" ? step.token : null;
            const moved = transition(
              grant.state,
              {
                kind: "attempt-begun",
                atMs: view.nowMs,
                attempt,
                node,
                token,
                because: step.because,
                usedAtMs: view.usedAtMs,
              },
              app.timing,
            );
            if (moved.kind === "unmoved")
              return { change: null, result: { resting: { grant, step: { kind: "sleep" } } } };
            const expected = { chain: chain.id, generation: chain.generation };
            return {
              change: changeFor(grant, moved, { view, timing: app.timing, lease }),
              result: {
                grant,
                attempt,
                expected,
                spent: token,
                fence: lease.fence,
                leaseUntilMs: lease.untilMs,
                clocks,
              },
            };
          }
        }
      },
    );
    if (begun !== undefined && "attempt" in begun)
      reached("intent-written", begun.spent === null ? "client-credentials" : "refresh");
    return begun;
  }

  async #attempt(app: App, begun: Begun): Promise<Outcome["kind"]> {
    const { grant, attempt, expected, spent } = begun;
    const request = await this.#tokenGrant(app, begun);
    const outcome: Outcome =
      request === null
        ? { kind: "not-executed", reason: "the refresh token cannot be opened", retryAfterMs: null }
        : await exchange(this.#context, {
            attempt,
            subject: {
              kind: "grant",
              grant: grant.id,
              chain: expected.chain,
              generation: expected.generation,
              token: spent,
            },
            point: spent === null ? "client-credentials" : "refresh",
            app,
            pinned: () => pinnedTokenEndpoint(this.#context, app, grant.id),
            grant: request,
            spends: request.kind === "refresh_token" ? request.refreshToken : null,
            fence: begun.fence,
            leaseUntilMs: begun.leaseUntilMs,
            begun: begun.clocks,
            stillMine: async () => await this.#isMine(begun),
          });
    await this.#settler.settle({
      ...begun,
      app,
      outcome,
      receivedAtMs: this.#context.time.wallMs(),
      sentAtMs: begun.clocks.wallMs,
    });
    return outcome.kind;
  }

  // Fence and attempt: a store that lost its last moments may give the same fence twice. And nobody else's answer has come meanwhile.
  async #isMine({ grant, attempt, fence, expected }: Begun): Promise<boolean> {
    const current = await this.#context.store.grants.load(grant.id);
    if (current?.lease.fence !== fence) return false;
    const chain = chainOf(current.state);
    return chain?.attempt?.id === attempt && chain.generation === expected.generation;
  }

  async #tokenGrant(app: App, begun: Begun): Promise<TokenGrant | null> {
    const { store, sealer, report, publicUrl } = this.#context;
    if (begun.spent === null)
      return { kind: "client_credentials", scope: app.stored.scopes.length === 0 ? null : app.stored.scopes.join(" ") };
    try {
      const version = await store.grants.token(begun.spent);
      const refreshToken = version === undefined ? null : openToken(sealer, begun.grant, version, "refresh-token");
      const asksForMore = app.provider.refreshRequest === "with-redirect-uri";
      const more = asksForMore ? { redirectUri: redirectUri(publicUrl, app.stored.id) } : {};
      return refreshToken === null ? null : { kind: "refresh_token", refreshToken, ...more };
    } catch (error) {
      report({ what: "open refresh token", subject: begun.grant.id, error });
      return null;
    }
  }
}

function isAtRest(step: Step): boolean {
  return step.kind === "rest" || step.kind === "sleep";
}
