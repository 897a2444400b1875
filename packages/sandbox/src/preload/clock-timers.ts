import { AsyncResource } from "node:async_hooks";
import { promisify } from "node:util";
import { machine } from "../real-time.ts";
import { replaceTimerPromises } from "./clock-timer-promises.ts";

/** The timers of this process, on the sandbox's clock. */
export interface ClockTimers {
  /** The clock was moved: what is due by now fires, in order of its instants, and the others wait that much shorter. */
  clockMoved(): void;
  /** Whether a timer is due that has not fired yet. */
  hasDue(): boolean;
  /** The next instant for which the sandbox's clock should stop on its way; null: none. */
  nextStopMs(): number | null;
  /** Called whenever that instant may have become another. */
  onChange(listener: () => void): void;
}

// The clock does not stop on its way for a timer that is shorter: a heartbeat each second would make a day 86,400 stops.
const STOP_DELAY_MIN_MS = 60_000;
const DELAY_MAX_MS = 2 ** 31 - 1;

type Callback = (...args: unknown[]) => void;

/** Replaces `setTimeout`, `setInterval` and what clears them, also in `node:timers` and `node:timers/promises`. */
export function replaceTimers(nowMs: () => number): ClockTimers {
  const active = new Set<ClockTimer>();
  const known = new Map<string, ClockTimer>();
  let listener = (): void => {};
  const book: Book = {
    nowMs,
    add(timer) {
      active.add(timer);
      if (timer.delayMs >= STOP_DELAY_MIN_MS) listener();
    },
    remove(timer) {
      if (active.delete(timer) && timer.delayMs >= STOP_DELAY_MIN_MS) listener();
    },
    number(timer, id) {
      known.set(String(id), timer);
    },
    forget: (id) => void known.delete(String(id)),
  };
  const set =
    (repeats: boolean) =>
    (callback: Callback, delay?: number, ...args: unknown[]) =>
      new ClockTimer(book, { callback: checked(callback), args, delayMs: delayOf(delay), repeats });
  const clear = (given: unknown): void => {
    const timer = given instanceof ClockTimer ? given : known.get(String(given));
    if (timer !== undefined) timer.close();
    // What Node made itself, or made before us.
    else machine.stopTimer(given as NodeJS.Timeout | undefined);
  };
  install({ setTimeout: set(false), setInterval: set(true), clearTimeout: clear, clearInterval: clear });
  return {
    clockMoved() {
      for (const timer of [...active].sort((one, other) => one.dueMs - other.dueMs)) timer.wait();
    },
    hasDue: () => [...active].some(({ dueMs }) => dueMs <= nowMs()),
    nextStopMs() {
      const stops = [...active].filter(({ delayMs }) => delayMs >= STOP_DELAY_MIN_MS).map(({ dueMs }) => dueMs);
      return stops.length === 0 ? null : Math.min(...stops);
    },
    onChange(told) {
      listener = told;
    },
  };
}

interface Book {
  nowMs(): number;
  add(timer: ClockTimer): void;
  remove(timer: ClockTimer): void;
  number(timer: ClockTimer, id: number): void;
  forget(id: number): void;
}

interface Wish {
  readonly callback: Callback;
  readonly args: readonly unknown[];
  readonly delayMs: number;
  readonly repeats: boolean;
}

/** What `setTimeout` gives: the methods of Node's `Timeout`, over a real timer that is set anew when the clock moves. */
class ClockTimer {
  readonly #book: Book;
  readonly #wish: Wish;
  readonly #context = new AsyncResource("Timeout");
  #real: NodeJS.Timeout | null = null;
  #held = true;
  #id: number | null = null;
  dueMs = 0;

  constructor(book: Book, wish: Wish) {
    this.#book = book;
    this.#wish = wish;
    this.refresh();
  }

  get delayMs(): number {
    return this.#wish.delayMs;
  }

  /** Waits for what is left until its instant. */
  wait(): void {
    if (this.#real !== null) machine.stopTimer(this.#real);
    this.#real = machine.startTimer(() => this.#fire(), Math.max(0, this.dueMs - this.#book.nowMs()));
    if (!this.#held) this.#real.unref();
  }

  #fire(): void {
    this.#real = null;
    // An interval goes on from here, as after a machine has slept: it does not make up for what it missed.
    if (this.#wish.repeats) this.refresh();
    else this.#book.remove(this);
    this.#context.runInAsyncScope(this.#wish.callback, this, ...this.#wish.args);
  }

  refresh(): this {
    this.dueMs = this.#book.nowMs() + this.#wish.delayMs;
    this.wait();
    this.#book.add(this);
    return this;
  }

  close(): this {
    if (this.#real !== null) machine.stopTimer(this.#real);
    this.#real = null;
    this.#book.remove(this);
    if (this.#id !== null) this.#book.forget(this.#id);
    return this;
  }

  ref(): this {
    this.#held = true;
    this.#real?.ref();
    return this;
  }

  unref(): this {
    this.#held = false;
    this.#real?.unref();
    return this;
  }

  hasRef(): boolean {
    return this.#held && this.#real !== null;
  }

  [Symbol.toPrimitive](): number {
    if (this.#id === null) {
      numbered += 1;
      this.#id = numbered;
      this.#book.number(this, this.#id);
    }
    return this.#id;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

// Far from the numbers that Node gives to timers of its own.
let numbered = 2 ** 40;

function checked(callback: unknown): Callback {
  if (typeof callback === "function") return callback as Callback;
  const error = new TypeError(`The "callback" argument must be of type function. Received ${typeof callback}`);
  throw Object.assign(error, { code: "ERR_INVALID_ARG_TYPE" });
}

/** As Node has it: what is no delay, or too long for its timers, is 1 ms. */
function delayOf(given: unknown): number {
  const delay = Number(given);
  return delay >= 1 && delay <= DELAY_MAX_MS ? Math.trunc(delay) : 1;
}

function install(timers: {
  readonly setTimeout: Callback | unknown;
  readonly setInterval: unknown;
  readonly clearTimeout: unknown;
  readonly clearInterval: unknown;
}): void {
  const pause = replaceTimerPromises(timers.setTimeout as typeof setTimeout, timers.setInterval as typeof setInterval);
  Object.defineProperty(timers.setTimeout, promisify.custom, { value: pause });
  for (const place of [globalThis, machine.timersModule]) Object.assign(place, timers);
}
