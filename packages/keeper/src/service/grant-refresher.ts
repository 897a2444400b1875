import {
  type AttemptId,
  chainOf,
  type Expected,
  type GrantId,
  type Outcome,
  type Renewed,
  type Step,
  type TokenVersionId,
  takeLease,
  transition,
} from "@evergrant/core";
import type { GrantChange, StoredGrant } from "../ports/grant-store.ts";
import type { TokenGrant } from "../ports/token-endpoint.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import { exchange } from "./exchange.ts";
import { changeBy, changeFor, dueAfter, stepOf, type View } from "./grant-steps.ts";
import type { LiveTokens } from "./live-tokens.ts";
import { newId } from "./new-id.ts";
import type { ServiceContext } from "./service-context.ts";
import { SingleFlight } from "./single-flight.ts";
import { openToken, sealVersion, versionOf } from "./token-versions.ts";
import { untilStored } from "./waiting.ts";

/** What became of a look at a grant: its step when nothing more could be done now. */
export type Driven =
  | { readonly kind: "renewed" }
  | { readonly kind: "resting"; readonly grant: StoredGrant; readonly step: Step }
  | { readonly kind: "unknown" };

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
  readonly #live: LiveTokens;
  readonly #calm = new SingleFlight<GrantId, Driven>();
  readonly #urgent = new SingleFlight<GrantId, Driven>();
  readonly #onScheduled: (dueAtMs: number | null) => void;
  readonly #onRenewed: (grant: GrantId) => void;

  constructor(
    context: ServiceContext,
    parts: {
      apps: AppDirectory;
      live: LiveTokens;
      onScheduled: (dueAtMs: number | null) => void;
      onRenewed: (grant: GrantId) => void;
    },
  ) {
    this.#context = context;
    this.#apps = parts.apps;
    this.#live = parts.live;
    this.#onScheduled = parts.onScheduled;
    this.#onRenewed = parts.onRenewed;
  }

  /** Does for a grant whatever its plan says, until it rests. Callers who come meanwhile share the flight. */
  drive(id: GrantId, ask: { readonly waitedForMs: number | null }): Promise<Driven> {
    const fly = () => this.#context.activity.during(() => this.#driveUntilRest(id, ask.waitedForMs));
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

  view(id: GrantId, more: { waitedForMs: number | null; leaseNowMs: number }): View {
    const { time, node, owner } = this.#context;
    return { nowMs: time.wallMs(), node, owner, usedAtMs: this.#live.usedAtMs(id), ...more };
  }

  async #driveUntilRest(id: GrantId, waitedForMs: number | null): Promise<Driven> {
    const stored = await this.#context.store.grants.load(id);
    if (stored === undefined) return { kind: "unknown" };
    const app = await this.#apps.get(stored.app);
    for (;;) {
      const begun = await this.#begin(id, app, waitedForMs);
      if (begun === undefined) return { kind: "unknown" };
      if ("resting" in begun) {
        this.#onScheduled(begun.resting.grant.dueAtMs);
        return { kind: "resting", ...begun.resting };
      }
      if ("moved" in begun) continue;
      if ((await this.#attempt(app, begun)) === "renewed") return { kind: "renewed" };
    }
  }

  // Rule 2: lease, fence and intent in one commit, computed from the row as it is in that very transaction.
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
        const view = { ...this.view(id, { waitedForMs, leaseNowMs: storeNowMs }), nowMs: clocks.wallMs };
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

  async #attempt(app: App, begun: Begun): Promise<"renewed" | "failed"> {
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
            grant: request,
            spends: request.kind === "refresh_token" ? request.refreshToken : null,
            fence: begun.fence,
            leaseUntilMs: begun.leaseUntilMs,
            begun: begun.clocks,
            stillMine: async () => (await this.#context.store.grants.load(grant.id))?.lease.fence === begun.fence,
          });
    await this.settle({
      ...begun,
      app,
      outcome,
      receivedAtMs: this.#context.time.wallMs(),
      sentAtMs: begun.clocks.wallMs,
    });
    return outcome.kind === "success" ? "renewed" : "failed";
  }

  async #tokenGrant(app: App, begun: Begun): Promise<TokenGrant | null> {
    const { store, sealer, report } = this.#context;
    if (begun.spent === null)
      return { kind: "client_credentials", scope: app.stored.scopes.length === 0 ? null : app.stored.scopes.join(" ") };
    try {
      const version = await store.grants.token(begun.spent);
      const refreshToken = version === undefined ? null : openToken(sealer, begun.grant, version, "refresh-token");
      return refreshToken === null ? null : { kind: "refresh_token", refreshToken };
    } catch (error) {
      report({ what: "open refresh token", subject: begun.grant.id, error });
      return null;
    }
  }

  /** Rule 7: makes an attempt's outcome durable, however long that takes; also for an answer found in the journal. */
  async settle(settled: Settling): Promise<void> {
    const { store, journal, reached, sealer, chance, time } = this.#context;
    const { grant, attempt, expected, outcome, app } = settled;
    const point = settled.spent === null ? "client-credentials" : "refresh";
    const renewed = outcome.kind === "success" ? this.#renewed(settled, chance.draw()) : null;
    if (outcome.kind === "success" && renewed !== null) {
      const facts = { version: renewed.version, receivedAtMs: settled.receivedAtMs, ...renewed.access };
      this.#live.offer(grant.id, { secret: outcome.answer.accessToken, facts });
    }
    const after = await untilStored(this.#context, grant.id, () =>
      store.grants.change(grant.id, (current, storeNowMs) => {
        const view = this.view(grant.id, { waitedForMs: null, leaseNowMs: storeNowMs });
        const more = { view, timing: app.timing, fence: settled.fence };
        if (outcome.kind !== "success" || renewed === null) {
          const change =
            outcome.kind === "success"
              ? null
              : changeBy(current, { kind: "failed", atMs: settled.receivedAtMs, attempt, expected, outcome }, more);
          return { change, result: settledAs(current, change) };
        }
        const version = sealVersion(sealer, current, {
          attempt,
          chain: expected.chain,
          parent: settled.spent,
          answer: outcome.answer,
          receivedAtMs: settled.receivedAtMs,
          accessExpiresAtMs: renewed.access.expiresAtMs,
        });
        const change = changeBy(
          current,
          { kind: "renewed", atMs: settled.receivedAtMs, ...renewed },
          { ...more, tokens: [version] },
        );
        return { change, result: settledAs(current, change) };
      }),
    );
    reached("settled", point);
    await journal
      .append({ kind: "settled", attempt, atMs: time.wallMs() })
      .catch((error: unknown) => this.#context.report({ what: "journal", subject: attempt, error }));
    reached("settle-acknowledged", point);
    this.#onScheduled(after?.dueAtMs ?? null);
    // Revoked while its answer was on the way: nobody gets this token.
    if (after === undefined || after.ended) this.#live.drop(grant.id);
    else if (outcome.kind === "success") this.#onRenewed(grant.id);
  }

  #renewed(settled: Settling, jitter: number): Renewed | null {
    if (settled.outcome.kind !== "success") return null;
    const { answer } = settled.outcome;
    const lifeMs = answer.expiresInMs ?? settled.app.timing.policy.accessLifeMs;
    return {
      attempt: settled.attempt,
      expected: settled.expected,
      spent: settled.spent,
      version: versionOf(settled.attempt),
      rotated: answer.refreshToken !== null && settled.spent !== null,
      // Counted from before the send: the provider's clock for this token cannot have started earlier.
      access: { expiresAtMs: settled.sentAtMs + lifeMs, scope: answer.scope },
      usedAtMs: this.#live.usedAtMs(settled.grant.id),
      jitter,
    };
  }
}

export interface Settling {
  readonly grant: StoredGrant;
  readonly attempt: AttemptId;
  readonly expected: Expected;
  readonly spent: TokenVersionId | null;
  readonly fence: number;
  readonly app: App;
  readonly outcome: Outcome;
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
}

function settledAs(current: StoredGrant, change: GrantChange | null): { dueAtMs: number | null; ended: boolean } {
  return {
    dueAtMs: change === null ? current.dueAtMs : change.dueAtMs,
    ended: (change?.state ?? current.state).kind === "ended",
  };
}
