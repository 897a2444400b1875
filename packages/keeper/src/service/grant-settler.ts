import {
  type AttemptId,
  confirmFromMs,
  type Expected,
  type GrantId,
  type Outcome,
  type Renewed,
  type Secret,
  type TokenAnswer,
  type TokenVersionId,
} from "@evergrant/core";
import { type GrantChange, NO_DATA_KEY, type StoredGrant } from "../ports/grant-store.ts";
import type { NoticeEntry } from "../ports/records.ts";
import type { App } from "./app-directory.ts";
import { rememberSends } from "./forgotten-sends.ts";
import { changeBy } from "./grant-steps.ts";
import type { GrantViews } from "./grant-views.ts";
import type { LiveToken, LiveTokens } from "./live-tokens.ts";
import { ScopeWatch } from "./scope-watch.ts";
import type { ServiceContext } from "./service-context.ts";
import { sealVersion, versionOf } from "./token-versions.ts";
import { untilStored } from "./waiting.ts";

export interface Settling {
  readonly grant: StoredGrant;
  readonly attempt: AttemptId;
  readonly expected: Expected;
  readonly spent: TokenVersionId | null;
  readonly fence: number;
  readonly leaseUntilMs: number;
  readonly app: App;
  readonly outcome: Outcome;
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
}

/** A grant that has a new access token, and the one that this node had of it before. */
export interface RenewedGrant {
  readonly grant: GrantId;
  readonly app: App;
  readonly before: LiveToken | null;
  readonly idToken: Secret | null;
  /** The plain members of the answer that brought it. */
  readonly members: TokenAnswer["members"];
}

/** Makes the ends of attempts durable, and lets memory and schedule know. */
export class GrantSettler {
  readonly #context: ServiceContext;
  readonly #live: LiveTokens;
  readonly #views: GrantViews;
  readonly #onScheduled: (dueAtMs: number | null) => void;
  readonly #scopes = new ScopeWatch();
  readonly #onRenewed: (renewed: RenewedGrant) => void;

  constructor(
    context: ServiceContext,
    parts: {
      live: LiveTokens;
      views: GrantViews;
      onScheduled: (dueAtMs: number | null) => void;
      onRenewed: (renewed: RenewedGrant) => void;
    },
  ) {
    this.#context = context;
    this.#live = parts.live;
    this.#views = parts.views;
    this.#onScheduled = parts.onScheduled;
    this.#onRenewed = parts.onRenewed;
  }

  /** Rule 7: makes an attempt's outcome durable, however long that takes; also for an answer found in the journal. */
  async settle(settled: Settling): Promise<void> {
    const { store, journal, reached, sealer, chance, time } = this.#context;
    const { grant, attempt, expected, outcome, app } = settled;
    const point = settled.spent === null ? "client-credentials" : "refresh";
    const renewed = outcome.kind === "success" ? this.#renewed(settled, chance.draw()) : null;
    const before = this.#live.get(grant.id) ?? null;
    const token = outcome.kind === "success" && renewed !== null ? liveToken(settled, outcome.answer, renewed) : null;
    if (token !== null) this.#live.offer(grant.id, token);
    const after = await untilStored(this.#context, grant.id, () =>
      store.grants.change(grant.id, (current, storeNowMs) => {
        // Destroyed while its answer was on the way: there is nothing that it could be sealed with.
        if (current.dataKey === NO_DATA_KEY) return { change: null, result: settledAs(current, null, app) };
        const view = this.#views.of(grant, { waitedForMs: null, leaseNowMs: storeNowMs });
        const more = { view, timing: app.timing, fence: settled.fence };
        if (outcome.kind !== "success" || renewed === null) {
          const change =
            outcome.kind === "success"
              ? null
              : changeBy(current, { kind: "failed", atMs: settled.receivedAtMs, attempt, expected, outcome }, more);
          return { change, result: settledAs(current, change, app) };
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
        const scopes = change === null ? [] : this.#scopes.noticesFor(current, app, renewed);
        return { change: telling(change, scopes), result: { ...settledAs(current, change, app), scopes } };
      }),
    );
    this.#scopes.written(after?.scopes ?? []);
    if (outcome.kind === "ambiguous" && after?.moved === false) await this.#rememberSend(settled);
    reached("settled", point);
    await journal
      .append({ kind: "settled", attempt, atMs: time.wallMs() })
      .catch((error: unknown) => this.#context.report({ what: "journal", subject: attempt, error }));
    reached("settle-acknowledged", point);
    this.#onScheduled(after?.dueAtMs ?? null);
    // Revoked while its answer was on the way: nobody gets this token.
    if (after === undefined || after.ended) this.#live.drop(grant.id);
    else if (token !== null) {
      if (after.confirmFromMs !== null) this.#live.offer(grant.id, { ...token, confirmFromMs: after.confirmFromMs });
      const { idToken, members } =
        outcome.kind === "success" ? outcome.answer : ({ idToken: null, members: {} } as const);
      this.#onRenewed({ grant: grant.id, app, before, idToken, members });
    }
  }

  // I4 single spender: a store that went back knows nothing of a request that may still be on its way, so nobody would wait for it. That
  // is noticed here at the latest; where the store knew of it, and has moved on, nothing is written.
  async #rememberSend({
    app,
    attempt,
    expected,
    fence,
    grant,
    leaseUntilMs,
    sentAtMs,
    spent,
  }: Settling): Promise<void> {
    const subject = { kind: "grant", grant: grant.id, ...expected, token: spent } as const;
    const intent = { attempt, subject, fence, leaseUntilMs, atMs: sentAtMs };
    const parts = { apps: { get: async () => app }, views: this.#views, onScheduled: this.#onScheduled };
    await untilStored(this.#context, grant.id, () => rememberSends(this.#context, parts, [{ intent, answer: null }]));
  }

  #renewed(settled: Settling, jitter: number): Renewed | null {
    if (settled.outcome.kind !== "success") return null;
    const { answer } = settled.outcome;
    const lifeMs = answer.expiresInMs ?? settled.app.timing.policy.accessLifeMs;
    return {
      attempt: settled.attempt,
      expected: settled.expected,
      spent: settled.spent,
      sentAtMs: settled.sentAtMs,
      version: versionOf(settled.attempt),
      rotated: answer.refreshToken !== null && settled.spent !== null,
      // Counted from before the send: the provider's clock for this token cannot have started earlier.
      access: { expiresAtMs: settled.sentAtMs + lifeMs, scope: answer.scope },
      usedAtMs: this.#live.usedAtMs(settled.grant.id),
      jitter,
    };
  }
}

const NO_NOTICES: readonly NoticeEntry[] = [];

function liveToken({ receivedAtMs }: Settling, answer: TokenAnswer, { version, access }: Renewed): LiveToken {
  return { secret: answer.accessToken, facts: { version, receivedAtMs, ...access } };
}

function telling(change: GrantChange | null, notices: readonly NoticeEntry[]): GrantChange | null {
  if (change === null || notices.length === 0) return change;
  return { ...change, records: { ...change.records, notices: [...change.records.notices, ...notices] } };
}

function settledAs(current: StoredGrant, change: GrantChange | null, app: App) {
  const state = change?.state ?? current.state;
  return {
    dueAtMs: change === null ? current.dueAtMs : change.dueAtMs,
    ended: state.kind === "ended",
    moved: change !== null,
    confirmFromMs: confirmFromMs(state, app.timing),
    scopes: NO_NOTICES,
  };
}
