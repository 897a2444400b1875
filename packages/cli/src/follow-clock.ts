import { EvergrantError } from "@evergrant/core";
import type { FollowedTime, Time, Timer } from "@evergrant/keeper";
import { type ClockLine, type ClockStream, openClockStream, sendReport } from "./clock-stream.ts";
import { isLoopbackUrl } from "./loopback.ts";
import { watchedTime } from "./watched-time.ts";

export interface FollowOptions {
  /** The machine's own clock, in which the stream and its reports live. */
  readonly base: Time;
  /** How long, in real time, the clock may take to answer at the start. */
  readonly connectTimeoutMs?: number;
}

/** A clock taken from another process. */
export interface FollowedClock {
  readonly time: FollowedTime;
  /** Who follows. Before it is told, no report says that we are idle. */
  watch(node: { isIdle(): boolean }): void;
  /** To be called whenever the node has come to rest. */
  readonly onIdle: () => void;
  close(): void;
}

/**
 * Follows the clock behind a sandbox's control URL. Resolves once the first offset is applied. When the stream ends the last
 * offset stays and the stream is opened again, with back-off.
 * @throws follow_clock_refused where the URL is not loopback or nobody answers there
 */
export async function followClock(controlUrl: string, options: FollowOptions): Promise<FollowedClock> {
  if (!isLoopbackUrl(controlUrl) || new URL(controlUrl).protocol !== "http:")
    throw new EvergrantError("follow_clock_refused", { detail: `${controlUrl} is not an http URL on this machine` });
  const follower = new ClockFollower(controlUrl.replace(/\/+$/, ""), options.base);
  await follower.connect(options.connectTimeoutMs ?? 10_000);
  return follower;
}

const RECONNECT_FIRST_MS = 100;
const RECONNECT_MAX_MS = 5_000;

class ClockFollower implements FollowedClock {
  readonly time: FollowedTime;
  readonly #controlUrl: string;
  readonly #base: Time;
  #node: { isIdle(): boolean } | null = null;
  #stream: ClockStream | null = null;
  /** Who we are on the open stream, and the step that it told last. */
  #seat: { readonly followerId: string; readonly clockId: number } | null = null;
  #reconnectMs = RECONNECT_FIRST_MS;
  #timer: Timer | null = null;
  #turn: Timer | null = null;
  #sending = false;
  #changedMeanwhile = false;
  #closed = false;
  #heardFirst: () => void = () => {};

  constructor(controlUrl: string, base: Time) {
    this.#controlUrl = controlUrl;
    this.#base = base;
    this.time = watchedTime(base, () => this.#reportSoon());
  }

  async connect(timeoutMs: number): Promise<void> {
    const heard = new Promise<true>((resolve) => {
      this.#heardFirst = () => resolve(true);
    });
    let timer: Timer | null = null;
    const late = new Promise<false>((resolve) => {
      timer = this.#base.setTimer(timeoutMs, () => resolve(false));
    });
    this.#open();
    const answered = await Promise.race([heard, late]);
    (timer as Timer | null)?.cancel();
    if (answered) return;
    this.close();
    throw new EvergrantError("follow_clock_refused", { detail: `no clock answers at ${this.#controlUrl}` });
  }

  watch(node: { isIdle(): boolean }): void {
    this.#node = node;
    this.#reportSoon();
  }

  readonly onIdle = (): void => this.#reportSoon();

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#turn?.cancel();
    this.#stream?.close();
  }

  #open(): void {
    this.#timer = null;
    this.#stream = openClockStream(`${this.#controlUrl}/clock/follow`, {
      onLine: (line) => this.#hear(line),
      onEnd: () => this.#reconnect(),
    });
  }

  #reconnect(): void {
    this.#seat = null;
    if (this.#closed) return;
    this.#timer = this.#base.setTimer(this.#reconnectMs, () => this.#open());
    this.#reconnectMs = Math.min(this.#reconnectMs * 2, RECONNECT_MAX_MS);
  }

  #hear(line: ClockLine): void {
    this.#reconnectMs = RECONNECT_FIRST_MS;
    switch (line.type) {
      case "welcome":
        this.#seat = { followerId: line.followerId, clockId: line.id };
        break;
      case "clock":
        if (this.#seat !== null) this.#seat = { ...this.#seat, clockId: line.id };
        break;
    }
    this.time.setOffsetMs(line.offsetMs);
    this.#heardFirst();
    this.#reportSoon();
  }

  // A turn later, so that what a timer or an answer has just begun is counted as work before we call ourselves idle.
  #reportSoon(): void {
    if (this.#closed || this.#seat === null || this.#turn !== null) return;
    this.#turn = this.#base.setTimer(0, () => {
      this.#turn = null;
      void this.#report();
    });
  }

  // One report at a time, so that an older one never arrives after a newer one.
  async #report(): Promise<void> {
    if (this.#sending) {
      this.#changedMeanwhile = true;
      return;
    }
    this.#sending = true;
    do {
      this.#changedMeanwhile = false;
      await this.#sendOne();
    } while (this.#changedMeanwhile);
    this.#sending = false;
  }

  async #sendOne(): Promise<void> {
    if (this.#seat === null || this.#closed) return;
    const { followerId, clockId } = this.#seat;
    const nextDueMs = this.time.nextTimerMs();
    const nothingDue = nextDueMs === null || nextDueMs > this.time.wallMs();
    const idle = nothingDue && (this.#node?.isIdle() ?? false);
    const url = `${this.#controlUrl}/clock/followers/${followerId}`;
    const taken = await sendReport(url, { clockId, nextDueMs, idle });
    // A clock that does not know us keeps no stream of ours either.
    if (taken === "unknown" && this.#seat?.followerId === followerId) this.#stream?.close();
  }
}
