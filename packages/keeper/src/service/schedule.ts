import type { GrantId } from "@evergrant/core";
import { Alarm } from "./alarm.ts";
import type { GrantRefresher } from "./grant-refresher.ts";
import type { ServiceContext } from "./service-context.ts";

const BATCH = 50;
const AT_ONCE = 8;

/** I12 liveness: wakes when the next grant is due and drives all that are, a bounded number at once; what fails is looked at again. */
export class Schedule {
  readonly #context: ServiceContext;
  readonly #refresher: () => GrantRefresher;
  readonly #alarm: Alarm;

  constructor(context: ServiceContext, refresher: () => GrantRefresher) {
    this.#context = context;
    this.#refresher = refresher;
    this.#alarm = new Alarm(context, () => this.#driveDue());
  }

  start(): Promise<void> {
    return this.#alarm.start();
  }

  /** Something is due at this instant: be awake by then. */
  touch(atMs: number | null): void {
    // A grant that was driven just now and still says "due" would wake us at once, again and again.
    if (this.#alarm.isRunning && atMs !== null && atMs <= this.#context.time.wallMs()) return;
    this.#alarm.at(atMs);
  }

  stop(): Promise<void> {
    return this.#alarm.stop();
  }

  /** Does all that is due; when the next is. */
  async #driveDue(): Promise<number | null> {
    if (this.#context.gate.hold !== null) return null;
    try {
      const tried = new Set<GrantId>();
      for (;;) {
        const claimed = await this.#claim();
        const due = claimed.filter((id) => !tried.has(id));
        if (due.length === 0 || this.#alarm.isStopped) break;
        for (const id of due) tried.add(id);
        await this.#driveAll(due);
        // Fewer than were asked for: nothing else is due, and what has become due meanwhile is seen as the next.
        if (claimed.length < BATCH) break;
      }
      return await this.#nextMs(tried);
    } catch (error) {
      this.#context.report({ what: "schedule", subject: "due", error });
      return this.#context.time.wallMs() + this.#context.limits.retryFirstMs;
    }
  }

  // Claimed, not merely read: another node is given others, and takes these over only if this one dies with them.
  #claim(): Promise<readonly GrantId[]> {
    const nowMs = this.#context.time.wallMs();
    return this.#context.store.grants.claimDue(nowMs, BATCH, nowMs + this.#context.limits.leaseMs);
  }

  // A grant that was driven just now and still says "due", or that another node holds at this moment, is looked at again soon, not
  // in a tight loop.
  async #nextMs(tried: ReadonlySet<GrantId>): Promise<number | null> {
    const nextMs = await this.#context.store.grants.nextDueMs();
    const nowMs = this.#context.time.wallMs();
    if (nextMs === null || nextMs > nowMs) return nextMs;
    const { marginMs } = this.#context.limits;
    return nowMs + (tried.size > 0 ? marginMs : marginMs / 20);
  }

  async #driveAll(due: readonly GrantId[]): Promise<void> {
    const queue = [...due];
    const worker = async () => {
      for (let id = queue.shift(); id !== undefined && !this.#alarm.isStopped; id = queue.shift()) {
        const subject = id;
        await this.#refresher()
          .drive(id, { waitedForMs: null })
          .catch((error: unknown) => this.#context.report({ what: "refresh", subject, error }));
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, due.length) }, worker));
  }
}
