import {
  type AmbiguityBreaker,
  type AppId,
  admit,
  CLOSED_BREAKER,
  draw,
  fullBucket,
  type GrantId,
  isMassDeath,
  noteOutcome,
  noteRefusal,
  type Outcome,
  type Refusals,
  type SpendReason,
  type Step,
  type TokenBucket,
} from "@evergrant/core";
import type { ConnectionDirectory } from "./connection-directory.ts";
import type { ServiceContext } from "./service-context.ts";

interface Pace {
  breaker: AmbiguityBreaker;
  bucket: TokenBucket;
  refusals: Refusals;
  inFlight: number;
}

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
    // I10 blast radius: what a silent provider can swallow before the breaker opens.
    if (pace.inFlight >= limits.inFlightMax)
      return { kind: "rest", untilMs: nowMs + limits.marginMs / 10, because: "paced" };
    const admitted = admit(pace.breaker, { ...ask, nowMs }, limits);
    if (admitted.kind === "wait") return { kind: "rest", untilMs: admitted.untilMs, because: "provider-silent" };
    const drawn = draw(pace.bucket, { because: ask.because, nowMs }, limits);
    if (drawn.kind === "wait") return { kind: "rest", untilMs: drawn.untilMs, because: "paced" };
    pace.breaker = admitted.breaker;
    pace.bucket = drawn.bucket;
    pace.inFlight += 1;
    return null;
  }

  /** How an admitted request ended; null where it was never begun. */
  ended(app: AppId, grant: GrantId, outcome: Outcome["kind"] | null): void {
    const { limits, time } = this.#context;
    const nowMs = time.wallMs();
    const pace = this.#pace(app);
    pace.inFlight -= 1;
    pace.breaker = noteOutcome(pace.breaker, { grant, outcome: outcome ?? "not-executed", nowMs }, limits);
    if (outcome === "rejected") pace.refusals = noteRefusal(pace.refusals, { grant, nowMs }, limits);
  }

  /** Whether so many grants of this app were refused at once that no verdict may fall. */
  isMassRefusal(app: AppId): boolean {
    const { limits, time } = this.#context;
    const pace = this.#paces.get(app);
    if (pace === undefined || pace.refusals.size === 0) return false;
    return isMassDeath(pace.refusals, { grants: this.#connections.grantsOf(app), nowMs: time.wallMs() }, limits);
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
    };
    this.#paces.set(app, fresh);
    return fresh;
  }
}
