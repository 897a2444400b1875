import {
  type ApiMeter,
  type AppId,
  type BegunCall,
  beginCall,
  type CallLimits,
  callsLeft,
  EvergrantError,
  endCall,
  mayBeginAtMs,
  newMeter,
  nextTurn,
  noteAnswer,
  type Waiting,
  withdrawCall,
} from "@evergrant/core";
import type { ApiLimits } from "../ports/provider.ts";
import type { Timer } from "../ports/time.ts";
import { type ApiAnswerHead, accountsOf } from "./api-account.ts";
import type { ServiceContext } from "./service-context.ts";

/** A call that wants its turn at a provider's API. */
export interface TurnAsk {
  readonly app: AppId;
  readonly limits: ApiLimits | null;
  /** Whose limits count, such as an organisation; null: of nobody, the call is not counted by the provider. */
  readonly place: string | null;
  readonly caller: string;
  /** Throws when the turn comes and the call may not be made any more. */
  readonly still: () => void;
  readonly signal: AbortSignal;
}

/** A call's turn: it may be sent now. */
export interface ApiTurn {
  /** The answer has begun. */
  answered(head: ApiAnswerHead): void;
  /** The call is over, whatever became of it. May be told again. */
  ended(): void;
  /** The call was not sent, and will not be. May be told again. */
  withdrawn(): void;
  /** What is left of the provider's limits, as far as is known. */
  left(): readonly CallsLeft[];
}

export interface CallsLeft {
  readonly name: string;
  readonly left: number;
  readonly calls: number;
  readonly spanMs: number;
}

interface Entry extends Waiting {
  readonly ask: TurnAsk;
  readonly grant: (turn: ApiTurn) => void;
  readonly refuse: (error: unknown) => void;
}

interface Pace {
  readonly limits: { readonly tenant: CallLimits; readonly app: CallLimits };
  readonly meters: Map<string, ApiMeter>;
  app: ApiMeter;
  waiting: Entry[];
  readonly turnsOf: Map<string, number>;
  turns: number;
  timer: Timer | null;
}

const NO_LIMITS: CallLimits = { concurrent: null, windows: [] };
/** Whoever sends more than he may have waiting is refused, before he fills the place of others. */
const WAITING_OF_ONE_CALLER = 100;
const WAITING_AT_ONE_PLACE = 1_000;
const CALLERS_REMEMBERED = 1_000;

/** The queues before providers' APIs, one for each app: who goes when is decided in core, this carries it out. */
export class ApiTurns {
  readonly #context: ServiceContext;
  readonly #paces = new Map<AppId, Pace>();

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  /**
   * Waits for a turn, a bounded time and behind a bounded number of others.
   * @throws api_quota_spent with the time to wait, and whatever `still` throws
   */
  take(ask: TurnAsk): Promise<ApiTurn> {
    if (ask.place === null) return Promise.resolve(UNCOUNTED_TURN);
    const place = ask.place;
    const pace = this.#pace(ask);
    const waitMs = this.#atMs(pace, place) - this.#nowMs();
    const { apiWaitMs } = this.#context.limits;
    const before = pace.waiting.filter((other) => other.place === place);
    const own = before.filter((other) => other.caller === ask.caller).length;
    const isFull = own >= WAITING_OF_ONE_CALLER || before.length >= WAITING_AT_ONE_PLACE;
    // A wait without a known end is for a call that is open: it may end at any moment.
    if (isFull || (Number.isFinite(waitMs) && waitMs > apiWaitMs)) return Promise.reject(spent(waitMs));
    return new Promise((resolve, reject) => {
      const timer = this.#context.time.setTimer(apiWaitMs, () =>
        entry.refuse(spent(this.#atMs(pace, place) - this.#nowMs())),
      );
      const hungUp = () => entry.refuse(new EvergrantError("api_call_cancelled"));
      const leave = () => {
        timer.cancel();
        ask.signal.removeEventListener("abort", hungUp);
        pace.waiting = pace.waiting.filter((other) => other !== entry);
      };
      const entry: Entry = {
        caller: ask.caller,
        place,
        ask,
        grant: (turn) => {
          leave();
          resolve(turn);
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      pace.waiting.push(entry);
      ask.signal.addEventListener("abort", hungUp, { once: true });
      if (ask.signal.aborted) hungUp();
      this.#pump(pace);
    });
  }

  stop(): void {
    for (const pace of this.#paces.values()) {
      pace.timer?.cancel();
      for (const entry of pace.waiting) entry.refuse(new EvergrantError("api_call_cancelled"));
    }
  }

  /** Calls that wait for room within the provider's limits. */
  get waiting(): number {
    return [...this.#paces.values()].reduce((sum, { waiting }) => sum + waiting.length, 0);
  }

  /** What is left of each app's limits; of those of organisations, of the one that has least. */
  left(): readonly (Pick<CallsLeft, "name" | "left"> & { readonly app: AppId })[] {
    const nowMs = this.#nowMs();
    return [...this.#paces].flatMap(([app, { limits, meters, app: ofApp }]) => {
      const all = [...meters.values()].flatMap((meter) => leftOf(meter, nowMs, limits.tenant));
      const least = limits.tenant.windows.flatMap(({ name }) => {
        const its = all.filter((window) => window.name === name).map(({ left }) => left);
        return its.length === 0 ? [] : [{ name, left: its.reduce((a, b) => Math.min(a, b)) }];
      });
      return [...least, ...leftOf(ofApp, nowMs, limits.app)].map(({ name, left }) => ({ app, name, left }));
    });
  }

  #nowMs(): number {
    return this.#context.time.monotonicMs();
  }

  #pump(pace: Pace): void {
    for (;;) {
      const nowMs = this.#nowMs();
      const index = nextTurn(pace.waiting, pace.turnsOf, (place) => this.#atMs(pace, place) <= nowMs);
      const entry = index === null ? undefined : pace.waiting[index];
      if (entry === undefined) break;
      this.#grant(pace, entry);
    }
    this.#wakeUp(pace);
  }

  #grant(pace: Pace, entry: Entry): void {
    try {
      entry.ask.still();
    } catch (error) {
      entry.refuse(error);
      return;
    }
    const nowMs = this.#nowMs();
    const tenant = beginCall(this.#meter(pace, entry.place), nowMs);
    const app = beginCall(pace.app, nowMs);
    pace.meters.set(entry.place, tenant.meter);
    pace.app = app.meter;
    pace.turns += 1;
    // The oldest turn is forgotten first, and nobody is treated worse for that.
    pace.turnsOf.delete(entry.caller);
    pace.turnsOf.set(entry.caller, pace.turns);
    const [oldest] = pace.turnsOf.keys();
    if (pace.turnsOf.size > CALLERS_REMEMBERED && oldest !== undefined) pace.turnsOf.delete(oldest);
    entry.grant(this.#turn(pace, entry, { tenant: tenant.call, app: app.call }));
  }

  #turn(pace: Pace, { place, ask }: Entry, call: { readonly tenant: BegunCall; readonly app: BegunCall }): ApiTurn {
    let answered = false;
    let over = false;
    const limits = pace.limits;
    return {
      answered: (head) => {
        if (answered || over) return;
        answered = true;
        const nowMs = this.#nowMs();
        const account = accountsOf(ask.limits, head, this.#context.time.wallMs());
        const word = (of: "tenant" | "app") => ({ call: call[of], nowMs, account: account[of] });
        pace.meters.set(place, noteAnswer(this.#meter(pace, place), word("tenant"), limits.tenant));
        pace.app = noteAnswer(pace.app, word("app"), limits.app);
        this.#pump(pace);
      },
      ended: () => {
        if (over) return;
        over = true;
        const end = { answered, nowMs: this.#nowMs(), strayMs: this.#context.limits.strayLifeMs };
        pace.meters.set(place, endCall(this.#meter(pace, place), end, limits.tenant));
        pace.app = endCall(pace.app, end, limits.app);
        this.#pump(pace);
      },
      withdrawn: () => {
        if (over) return;
        over = true;
        pace.meters.set(place, withdrawCall(this.#meter(pace, place)));
        pace.app = withdrawCall(pace.app);
        this.#pump(pace);
      },
      left: () => [
        ...leftOf(this.#meter(pace, place), this.#nowMs(), limits.tenant),
        ...leftOf(pace.app, this.#nowMs(), limits.app),
      ],
    };
  }

  // A place that only an end can open is looked at again when one comes.
  #wakeUp(pace: Pace): void {
    pace.timer?.cancel();
    pace.timer = null;
    const atMs = Math.min(
      ...new Set(pace.waiting.map(({ place }) => place)).values().map((place) => this.#atMs(pace, place)),
    );
    if (!Number.isFinite(atMs)) return;
    pace.timer = this.#context.time.setTimer(Math.max(1, atMs - this.#nowMs()), () => this.#pump(pace));
  }

  /** When a call may begin at a place; infinite while that depends on the end of another. */
  #atMs(pace: Pace, place: string): number {
    const nowMs = this.#nowMs();
    const tenantAtMs = mayBeginAtMs(this.#meter(pace, place), nowMs, pace.limits.tenant);
    const appAtMs = mayBeginAtMs(pace.app, nowMs, pace.limits.app);
    return tenantAtMs === null || appAtMs === null ? Number.POSITIVE_INFINITY : Math.max(tenantAtMs, appAtMs);
  }

  #meter(pace: Pace, place: string): ApiMeter {
    return pace.meters.get(place) ?? newMeter(pace.limits.tenant);
  }

  #pace({ app, limits }: TurnAsk): Pace {
    const known = this.#paces.get(app);
    if (known !== undefined) return known;
    const both = { tenant: limits?.tenant ?? NO_LIMITS, app: limits?.app ?? NO_LIMITS };
    const pace: Pace = {
      ...{ limits: both, meters: new Map(), app: newMeter(both.app) },
      ...{ waiting: [], turnsOf: new Map(), turns: 0, timer: null },
    };
    this.#paces.set(app, pace);
    return pace;
  }
}

const UNCOUNTED_TURN: ApiTurn = { answered: () => {}, ended: () => {}, withdrawn: () => {}, left: () => [] };

function leftOf(meter: ApiMeter, nowMs: number, limits: CallLimits): readonly CallsLeft[] {
  const left = callsLeft(meter, nowMs, limits);
  return limits.windows.map((window, index) => ({ ...window, left: left[index] ?? 0 }));
}

function spent(waitMs: number): EvergrantError {
  return new EvergrantError("api_quota_spent", {
    retryAfterMs: Number.isFinite(waitMs) ? Math.max(1_000, waitMs) : 1_000,
  });
}
