import type { Timer } from "../ports/time.ts";
import type { ServiceContext } from "./service-context.ts";

/** What an alarm wakes: does all that is due, and says when the next is; null: not before somebody asks for it. */
export type DueWork = () => Promise<number | null>;

/**
 * Wakes one piece of work when it is due, never twice at once; where others share the store, also at intervals, as what they put there,
 * or left behind when they died, is seen by looking.
 */
export class Alarm {
  readonly #context: ServiceContext;
  readonly #work: DueWork;
  #timer: { readonly timer: Timer; readonly atMs: number } | null = null;
  #looking: Timer | null = null;
  #stopped = true;
  #running: Promise<void> | null = null;
  /** The soonest instant that was asked for while the work was being done. */
  #askedForMs: number | null = null;

  constructor(context: ServiceContext, work: DueWork) {
    this.#context = context;
    this.#work = work;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  async start(): Promise<void> {
    this.#stopped = false;
    await this.#wake();
    this.#lookAgain();
  }

  /** Be awake by this instant. While the work is being done, its end decides. */
  at(atMs: number | null): void {
    if (this.#stopped || atMs === null || (this.#timer !== null && this.#timer.atMs <= atMs)) return;
    if (this.#running !== null) {
      this.#askedForMs = Math.min(this.#askedForMs ?? atMs, atMs);
      return;
    }
    this.#timer?.timer.cancel();
    const timer = this.#context.time.setTimer(Math.max(0, atMs - this.#context.time.wallMs()), () => {
      this.#timer = null;
      void this.#wake();
    });
    this.#timer = { timer, atMs };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.timer.cancel();
    this.#looking?.cancel();
    this.#timer = null;
    await this.#running;
  }

  #lookAgain(): void {
    const { shared, limits } = this.#context;
    if (shared === null || this.#stopped) return;
    // A hint of theirs would only make it sooner.
    this.#looking = shared.pace.setTimer(limits.marginMs, () => void this.#wake().finally(() => this.#lookAgain()));
  }

  #wake(): Promise<void> {
    this.#running ??= this.#context.activity.during(() => this.#run());
    return this.#running;
  }

  // The timer is set before the node says that it is idle: whoever moves the clock asks then for when it is due.
  async #run(): Promise<void> {
    const nextMs = await this.#work();
    const askedForMs = this.#askedForMs;
    this.#running = null;
    this.#askedForMs = null;
    this.at(nextMs);
    this.at(askedForMs);
  }
}
