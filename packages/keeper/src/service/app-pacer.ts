import {
  type AmbiguityBreaker,
  type AppId,
  admit,
  CLOSED_BREAKER,
  draw,
  fullBucket,
  type GrantId,
  isItsTurn,
  isMassDeath,
  isUrgent,
  leaveLine,
  NO_LINE,
  NO_SILENCE,
  noteOutcome,
  noteOwed,
  noteRefusal,
  noteSilence,
  type Outcome,
  type Owed,
  type Refusals,
  type Silence,
  type SpendReason,
  type Step,
  standInLine,
  standsBackMs,
  type TokenBucket,
  type WaitingLine,
} from "@evergrant/core";
import type { ConnectionDirectory } from "./connection-directory.ts";
import type { KeeperLoad } from "./keeper.ts";
import type { ServiceContext } from "./service-context.ts";

interface Pace {
  breaker: AmbiguityBreaker;
  bucket: TokenBucket;
  refusals: Refusals;
  inFlight: number;
  owed: Owed;
  line: WaitingLine;
  silence: Silence;
}

/** `not-told`: the store failed in the course of it, so that the intent may stand there with nobody at work on it. */
export type AdmittedEnd = Outcome["kind"] | "not-begun" | "not-told";

/** What one node may send to each app's provider: how many at once, how fast, and nothing new while answers get lost. */
export class AppPacer {
  readonly #context: ServiceContext;
  readonly #connections: ConnectionDirectory;
  readonly #paces = new Map<AppId, Pace>();

  constructor(context: ServiceContext, connections: ConnectionDirectory) {
    this.#context = context;
    this.#connections = connections;
  }

  /** A rest where the request has to wait; null where it may go, and then its end must be told by `ended`. */
  admit(app: AppId, ask: { grant: GrantId; because: SpendReason }): Extract<Step, { kind: "rest" }> | null {
    const { limits, time } = this.#context;
    const nowMs = time.wallMs();
    const pace = this.#pace(app);
    if (!isUrgent(ask.because) && !isItsTurn(pace.line, { grant: ask.grant, nowMs }))
      return this.#inLine(pace, ask.grant, nowMs);
    // I10 blast radius: what a silent provider can swallow before the breaker opens.
    if (pace.inFlight >= limits.inFlightMax) return this.#inLine(pace, ask.grant, nowMs + limits.marginMs / 10);
    const admitted = admit(pace.breaker, { ...ask, nowMs, owed: pace.owed, inFlight: pace.inFlight }, limits);
    if (admitted.kind === "wait") return { kind: "rest", untilMs: admitted.untilMs, because: "provider-silent" };
    const drawn = draw(pace.bucket, { because: ask.because, nowMs }, limits);
    if (drawn.kind === "wait") return this.#inLine(pace, ask.grant, drawn.untilMs);
    pace.line = leaveLine(pace.line, ask.grant);
    pace.breaker = admitted.breaker;
    pace.bucket = drawn.bucket;
    pace.inFlight += 1;
    // Perhaps another node's until now: whoever asks for it again counts it.
    if (ask.because === "recovery")
      pace.owed = noteOwed(pace.owed, { grant: ask.grant, outcome: "ambiguous", nowMs }, limits);
    return null;
  }

  /** How an admitted request ended. */
  ended(app: AppId, grant: GrantId, outcome: AdmittedEnd): void {
    const { limits, time, chance } = this.#context;
    const nowMs = time.wallMs();
    const pace = this.#pace(app);
    pace.inFlight -= 1;
    const heard = outcome === "not-begun" || outcome === "not-told" ? "not-executed" : outcome;
    pace.breaker = noteOutcome(pace.breaker, { grant, outcome: heard, nowMs }, limits);
    if (outcome !== "not-begun" && outcome !== "not-told")
      pace.silence = noteSilence(pace.silence, { outcome, nowMs, lot: chance.draw() });
    const owes = outcome === "not-told" ? "ambiguous" : heard;
    pace.owed = noteOwed(pace.owed, { grant, outcome: owes, nowMs }, limits);
    if (outcome === "rejected") pace.refusals = noteRefusal(pace.refusals, { grant, nowMs }, limits);
  }

  /** How long this node leaves what is due to the others that share its store, as it may be the only one without an answer. */
  standsBackMs(): number {
    const { shared, limits, time } = this.#context;
    if (shared === null) return 0;
    const nowMs = time.wallMs();
    return Math.max(0, ...[...this.#paces.values()].map(({ silence }) => standsBackMs(silence, nowMs, limits)));
  }

  /** Whether so many grants of this app were refused at once that no verdict may fall. */
  isMassRefusal(app: AppId): boolean {
    const { limits, time } = this.#context;
    const pace = this.#paces.get(app);
    if (pace === undefined || pace.refusals.size === 0) return false;
    return isMassDeath(pace.refusals, { grants: this.#connections.grantsOf(app), nowMs: time.wallMs() }, limits);
  }

  /** How it stands over all apps, for whoever watches. */
  standing(): Pick<KeeperLoad, "attemptsInFlight" | "answersOwed" | "breakersOpen" | "massRefusals"> {
    const paces = [...this.#paces];
    return {
      attemptsInFlight: paces.reduce((sum, [, { inFlight }]) => sum + inFlight, 0),
      answersOwed: paces.reduce((sum, [, { owed }]) => sum + owed.size, 0),
      breakersOpen: paces.filter(([, { breaker }]) => breaker.kind === "open").length,
      massRefusals: paces.filter(([app]) => this.isMassRefusal(app)).length,
    };
  }

  // I15 stampede: thousands may wait; each of them looks at the store again when its turn has come, not whenever one may go.
  #inLine(pace: Pace, grant: GrantId, notBeforeMs: number): Extract<Step, { kind: "rest" }> {
    const { limits, time } = this.#context;
    const stood = standInLine(pace.line, { grant, nowMs: time.wallMs(), notBeforeMs }, limits);
    pace.line = stood.line;
    return { kind: "rest", untilMs: Math.ceil(stood.untilMs), because: "paced" };
  }

  #pace(app: AppId): Pace {
    const known = this.#paces.get(app);
    if (known !== undefined) return known;
    const { limits, time } = this.#context;
    const fresh: Pace = {
      breaker: CLOSED_BREAKER,
      bucket: fullBucket(time.wallMs(), limits),
      refusals: new Map(),
      inFlight: 0,
      owed: new Map(),
      line: NO_LINE,
      silence: NO_SILENCE,
    };
    this.#paces.set(app, fresh);
    return fresh;
  }
}
