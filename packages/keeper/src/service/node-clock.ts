import { joinToldLag, type Limits, NO_STORE_LAG, noteStoreClock, type StoreLag, type ToldLag } from "@evergrant/core";
import type { ClockMark } from "../ports/provenance.ts";
import type { ClockReading, Time } from "../ports/time.ts";
import { type SteadyReading, steadyReading } from "./steady-reading.ts";

/** What the nodes that share a store last told each other of its clock, and when the newest happened that stands in the store. */
export interface HeardOfClock extends ToldLag {
  readonly newestMs: number;
}

/** What is known from before, where a node alone has no other clock to ask. */
export interface ClockPast {
  /** The newest that the store holds; null where it is empty. */
  readonly newestMs: number | null;
  /** What was remembered last; null where nothing was. */
  readonly mark: ClockMark | null;
  /** Durable when it resolves. */
  readonly remember: (mark: ClockMark) => Promise<void>;
}

/** Whose clock was set: that of the machine under a node, or that of the store which nodes share. */
export type ClockOwner = "machine" | "store";

/**
 * The time that one node goes by. A machine's clock may be set wrong and right again, while the node runs or is away; instants that are
 * in the store are counted on from, so they must not be of several times. No leap of the machine's clock is believed until it was looked
 * at (`makeSure`), which happens before anything is begun: until then time goes on by the monotonic clock.
 * Where nodes share a store, its clock is everybody's: a leap of the machine's is held against it. Should the store's own be set back,
 * time goes on by the nodes' monotonic clocks all the same, as far behind it then is; who was away meanwhile learns it of what was written.
 * A node alone goes on by its monotonic clock when the machine's is set back, and believes one that is set ahead: it may have slept.
 */
export class NodeClock {
  readonly time: Time;
  readonly #machine: Time;
  readonly #limits: Limits;
  readonly #toleranceMs: number;
  /** The machine's wall clock less its monotonic one, when they were last found to agree with what this node goes by. */
  #sureOfMs: number;
  /** This node's time less the machine's wall clock, as of then. */
  #shiftMs = 0;
  #lag: StoreLag = NO_STORE_LAG;
  /** How far the store's clock was ahead of where it was thought to be, when it was looked at last: less than is followed. */
  #apartMs = 0;
  #comparedAtMs: number;
  #doubtfulUntilMs: number | null = null;
  #reading: (() => Promise<ClockReading>) | null = null;
  #remember: ClockPast["remember"] = async () => undefined;
  #look: () => Promise<void> = async () => void (await this.compare());
  #looking: Promise<void> | null = null;
  onLeap: (whose: ClockOwner) => void = () => undefined;

  constructor(machine: Time, limits: Limits) {
    this.#machine = machine;
    this.#limits = limits;
    // Two nodes that each are within it of the store's clock are within what clocks may differ by.
    this.#toleranceMs = limits.clockSkewMs / 2;
    this.#sureOfMs = this.#differenceMs();
    this.#comparedAtMs = machine.monotonicMs();
    this.time = {
      wallMs: () => this.#nowMs(),
      monotonicMs: () => machine.monotonicMs(),
      setTimer: (delayMs, fire) => machine.setTimer(delayMs, fire),
    };
  }

  /** The latest that it may be: a leap that was not looked at yet may be a sleep. For what lives no longer than until then. */
  latestMs(): number {
    return this.#nowMs() + Math.max(0, Math.ceil(this.#notLookedAtMs()));
  }

  /** Whether nothing leapt since this was looked at last. */
  get isSure(): boolean {
    return this.#notLookedAtMs() === 0;
  }

  /** What the machine's own clock says: for instants that were set elsewhere, by other clocks than the store's. */
  calendarMs(): number {
    return this.#machine.wallMs();
  }

  /** How far the machine's clock is ahead of the time that this node goes by. */
  get machineAheadMs(): number {
    return this.#machine.wallMs() - this.#nowMs();
  }

  /** How far the clock of the store that nodes share is behind the time that they go by: it was set back while they ran. */
  get storeBehindMs(): number {
    return this.#lag.behindMs;
  }

  /** What time it is for leases, by what the store says just now; not known where one of the clocks was set since they were looked at. */
  leaseNowMs(storeNowMs: number): { readonly leaseNowMs: number; readonly isKnown: boolean } {
    const leaseNowMs = storeNowMs + this.#lag.behindMs;
    const isKnown = this.isSure && Math.abs(this.#nowMs() - leaseNowMs) <= this.#limits.clockSkewMs;
    return { leaseNowMs, isKnown: isKnown || this.#reading === null };
  }

  /** How old that is which was received by this instant is not known. */
  get doubtfulUntilMs(): number {
    return this.#doubtfulUntilMs ?? Number.NEGATIVE_INFINITY;
  }

  /** From now on the store's clock is everybody's. */
  follow(reading: () => Promise<ClockReading>): void {
    this.#reading = reading;
  }

  /** How the store's clock is looked at together with what the others told of it. */
  lookBy(look: () => Promise<void>): void {
    this.#look = look;
  }

  /** Finds out by the store what time it is, once at a time. @throws store_unavailable */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /**
   * Something in the store that nodes share has happened at this instant. If that is ahead of this node's time, others go by a later one:
   * this node joins it, and knows of nothing that it finds there how old it is. What a sleep explains, the next look finds out.
   */
  atLeast(happenedAtMs: number): void {
    const aheadMs = happenedAtMs - this.latestMs();
    if (this.#reading === null || aheadMs <= this.#limits.clockSkewMs) return;
    this.#shiftMs += aheadMs + 1;
    this.#lag = { ...this.#lag, behindMs: this.#lag.behindMs + aheadMs + 1 };
    this.#doubtfulUntilMs = happenedAtMs;
    this.onLeap("store");
  }

  /** Goes on where this node, which is alone, was before: never before what the store holds; by how much it is after that, nobody knows. */
  async goOn({ newestMs, mark, remember }: ClockPast): Promise<void> {
    this.#remember = remember;
    this.#doubtfulUntilMs = mark?.doubtfulUntilMs ?? null;
    if (newestMs === null) return;
    const isBehind = newestMs - this.#nowMs() > this.#toleranceMs;
    if (!isBehind && (mark === null || mark.aheadMs === 0)) return;
    // An answer in the journal is younger than its intent in the store, by a lease at most.
    this.#shiftMs += Math.max(0, newestMs + this.#limits.leaseMs - this.#nowMs());
    this.#doubtfulUntilMs = this.#nowMs() - 1;
    await this.#leapt();
  }

  /** Asked before anything is begun: where the machine's clock leapt since, it is found out first what time it is. @throws store_unavailable */
  async makeSure(): Promise<void> {
    const leaptMs = this.#differenceMs() - this.#sureOfMs;
    if (Math.abs(leaptMs) <= this.#toleranceMs) {
      this.#sureOfMs += leaptMs;
      return;
    }
    if (this.#reading !== null) {
      await this.look();
      // That look may have begun before the leap.
      if (!this.isSure) await this.look();
      return;
    }
    this.#sureOfMs += leaptMs;
    if (leaptMs < 0) this.#shiftMs -= Math.round(leaptMs);
    await this.#leapt();
  }

  /**
   * Holds this node's time against the store's, and what it thinks of that clock against what the others told last, in one moment: until
   * both are known, a node that slept goes by what it knew.
   * @returns how far behind is to be told in the place of that; null where it is right
   * @throws store_unavailable
   */
  async compare(told?: () => Promise<HeardOfClock>): Promise<number | null> {
    const reading = this.#reading;
    if (reading === null) {
      await this.makeSure();
      return null;
    }
    const read = async () => {
      const heard = (await told?.()) ?? null;
      return { ...(await reading()), heard };
    };
    const { heard, ...seen } = await steadyReading(read, () => this.#differenceMs(), this.#toleranceMs);
    this.#note(seen);
    return heard === null ? null : this.join(heard);
  }

  /** Goes by what the others told, where they know better; what is to be told in its place, null where that is right. */
  join(told: HeardOfClock): number | null {
    const nowMs = this.#nowMs();
    const witnesses = { newestMs: told.newestMs, machineMs: this.calendarMs() };
    const { lag, laterMs, tell } = joinToldLag(this.#lag, { told, nowMs, witnesses }, this.#limits);
    this.#lag = lag;
    this.#shiftMs += laterMs;
    if (laterMs > 0) this.onLeap("store");
    return tell;
  }

  #note({ skewMs, withinMs, differenceMs }: SteadyReading<ClockReading>): void {
    const leaptMs = differenceMs - this.#sureOfMs;
    const steadyShiftMs = Math.round(this.#shiftMs - leaptMs);
    const nowMs = this.#machine.monotonicMs();
    const nearMs = this.#toleranceMs + withinMs;
    const aheadMs = skewMs + this.#lag.behindMs - steadyShiftMs;
    const changedMs = Math.abs(aheadMs) <= nearMs ? 0 : aheadMs - this.#apartMs;
    const seen = { aheadMs: changedMs, leaptMs, withinMs, sinceMs: nowMs - this.#comparedAtMs };
    this.#lag = noteStoreClock(this.#lag, seen, this.#limits);
    const apartMs = skewMs + this.#lag.behindMs - steadyShiftMs;
    const isNear = Math.abs(apartMs) <= nearMs;
    this.#shiftMs = isNear ? steadyShiftMs : skewMs + this.#lag.behindMs;
    this.#apartMs = isNear ? apartMs : 0;
    this.#comparedAtMs = nowMs;
    this.#sureOfMs = differenceMs;
    if (Math.abs(leaptMs) > this.#toleranceMs) this.onLeap("machine");
    else if (changedMs !== 0) this.onLeap("store");
  }

  async #leapt(): Promise<void> {
    this.onLeap("machine");
    await this.#remember({ aheadMs: this.#shiftMs, doubtfulUntilMs: this.#doubtfulUntilMs });
  }

  #nowMs(): number {
    return Math.floor(this.#machine.wallMs() + this.#shiftMs - this.#notLookedAtMs());
  }

  // A little less than that a synchronised clock may do.
  #notLookedAtMs(): number {
    const leaptMs = this.#differenceMs() - this.#sureOfMs;
    return Math.abs(leaptMs) > this.#toleranceMs ? leaptMs : 0;
  }

  #differenceMs(): number {
    return this.#machine.wallMs() - this.#machine.monotonicMs();
  }
}
