import type { Time } from "@evergrant/keeper/parts";
import type { Clock, Planned } from "./clock.ts";

/** How far a machine's clocks are from the true time. */
export interface Skew {
  readonly offsetMs: number;
  /** Seconds gained per second. */
  readonly drift: number;
}

/** One start of a process: what it had planned, and whatever is on its way to it, dies with it. */
export interface Life {
  readonly number: number;
  alive: boolean;
  /** Until `start()` of the keeper is done: it replays its journal. */
  starting: boolean;
}

/** A machine with a process on it that may die, be paused, and come again. Clocks run on while it is away. */
export class Machine {
  readonly index: number;
  readonly name: string;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #drift: number;
  #offsetMs: number;
  /** By how much the wall clock is wrong beyond all bounds. */
  #leaptMs = 0;
  /** What suspensions took from the monotonic clock. */
  #lostMs = 0;
  #pausedUntilMs = 0;
  upSinceMs = 0;
  life: Life = { number: 0, alive: false, starting: false };

  constructor(clock: Clock, index: number, skew: Skew) {
    this.index = index;
    this.name = `node-${index}`;
    this.#clock = clock;
    this.#startMs = clock.nowMs;
    this.#offsetMs = skew.offsetMs;
    this.#drift = skew.drift;
  }

  get isUp(): boolean {
    return this.life.alive;
  }

  get isPaused(): boolean {
    return this.#pausedUntilMs > this.#clock.nowMs;
  }

  get pausedUntilMs(): number {
    return this.#pausedUntilMs;
  }

  begin(): Life {
    this.upSinceMs = this.#clock.nowMs;
    this.life.alive = false;
    this.life = { number: this.life.number + 1, alive: true, starting: true };
    return this.life;
  }

  /** Ends the process now, inside whatever it is doing. */
  kill(): void {
    this.life.alive = false;
    this.#pausedUntilMs = 0;
  }

  /** Stops the world of this process for a while; a suspended one also loses the time on its monotonic clock. */
  pause(ms: number, how: "stopped" | "suspended"): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#clock.nowMs + ms);
    if (how === "suspended") this.#lostMs += ms;
  }

  /** The wall clock is set: never further from the true time than `withinMs`, as a synchronised clock is. */
  jump(byMs: number, withinMs: number): void {
    this.#offsetMs = Math.max(-withinMs, Math.min(withinMs, this.#offsetMs + byMs));
  }

  get isBehind(): boolean {
    return this.#leaptMs < 0;
  }

  /** The wall clock is set wrong by so much, or by as much less once that is over. */
  leap(byMs: number): void {
    this.#leaptMs += byMs;
  }

  /** Somebody has set it right: no leap counts any more. */
  setRight(): void {
    this.#leaptMs = 0;
  }

  wallMs(): number {
    return Math.floor(this.#trueWallMs());
  }

  /** Happens on this machine: not after the life that asked for it, and not while it is paused. */
  deliver(life: Life, delayMs: number, fire: () => void): Planned {
    let planned: Planned;
    const arrive = () => {
      if (!life.alive) return;
      if (this.isPaused) planned = this.#clock.at(this.#pausedUntilMs, arrive);
      else fire();
    };
    planned = this.#clock.after(delayMs, arrive);
    return { cancel: () => planned.cancel() };
  }

  timeOf(life: Life): Time {
    return {
      wallMs: () => this.wallMs(),
      monotonicMs: () => Math.floor((this.#clock.nowMs - this.#startMs) * (1 + this.#drift)) - this.#lostMs,
      setTimer: (delayMs, fire) => this.deliver(life, Math.max(0, delayMs) / (1 + this.#drift), fire),
    };
  }

  #trueWallMs(): number {
    return this.#clock.nowMs + this.#offsetMs + this.#leaptMs + (this.#clock.nowMs - this.#startMs) * this.#drift;
  }
}
