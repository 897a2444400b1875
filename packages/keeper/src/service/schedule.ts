import type { GrantId } from "@evergrant/core";
import type { ClaimedGrants, StoredGrant } from "../ports/grant-store.ts";
import { Alarm } from "./alarm.ts";
import type { AppPacer } from "./app-pacer.ts";
import type { GrantRefresher } from "./grant-refresher.ts";
import type { ServiceContext } from "./service-context.ts";

const BATCH = 50;
const AT_ONCE = 8;

/** I12 liveness: wakes when the next grant is due and drives all that are, a bounded number at once; what fails is looked at again. */
export class Schedule {
  readonly #context: ServiceContext;
  readonly #refresher: () => GrantRefresher;
  readonly #pacer: AppPacer;
  readonly #alarm: Alarm;

  constructor(context: ServiceContext, parts: { refresher: () => GrantRefresher; pacer: AppPacer }) {
    this.#context = context;
    this.#refresher = parts.refresher;
    this.#pacer = parts.pacer;
    this.#alarm = new Alarm(context, () => this.#driveDue());
  }

  start(): Promise<void> {
    return this.#alarm.start();
  }

  /** Something is due at this instant: be awake by then. */
  touch(atMs: number | null): void {
    const nowMs = this.#context.time.wallMs();
    // A grant that was driven just now and still says "due" would wake us at once, again and again.
    const isDueAgain = this.#alarm.isRunning && atMs !== null && atMs <= nowMs;
    this.#alarm.at(isDueAgain ? nowMs + this.#context.limits.marginMs : atMs);
  }

  stop(): Promise<void> {
    return this.#alarm.stop();
  }

  /** Does all that is due; when the next of the others is. Of what it did itself `touch` has been told. */
  async #driveDue(): Promise<number | null> {
    if (this.#context.gate.hold !== null) return null;
    try {
      await this.#context.clock.makeSure();
      const tried = new Set<GrantId>();
      for (;;) {
        const { grants, nextDueMs } = await this.#claim();
        const [due, again] = [grants.filter(({ id }) => !tried.has(id)), grants.filter(({ id }) => tried.has(id))];
        // What comes twice in one run was driven once: it is looked at again when its claim ends.
        for (const { dueAtMs } of again) this.touch(dueAtMs);
        for (const { id } of due) tried.add(id);
        await this.#driveAll(due);
        // Fewer than were asked for: nothing else is due, and what has become due meanwhile is seen as the next.
        if (grants.length < BATCH || due.length === 0 || this.#alarm.isStopped)
          return this.#notAtOnce(nextDueMs, tried);
      }
    } catch (error) {
      this.#context.report({ what: "schedule", subject: "due", error });
      return this.#context.time.wallMs() + this.#context.limits.retryFirstMs;
    }
  }

  // Claimed, not merely read: another node is given others, and takes these over only if this one dies with them.
  // And those first that get answers: what they leave is this node's.
  async #claim(): Promise<ClaimedGrants> {
    const nowMs = this.#context.time.wallMs();
    const backMs = this.#pacer.standsBackMs();
    const againAtMs = nowMs + this.#context.limits.leaseMs;
    const { grants, nextDueMs } = await this.#context.store.grants.claimDue(nowMs - backMs, BATCH, againAtMs);
    return { grants, nextDueMs: nextDueMs === null ? null : nextDueMs + backMs };
  }

  // A grant that another node holds at this moment, or that came in a batch before and still says "due", is looked at again soon,
  // not in a tight loop.
  #notAtOnce(nextMs: number | null, tried: ReadonlySet<GrantId>): number | null {
    const nowMs = this.#context.time.wallMs();
    if (nextMs === null || nextMs > nowMs) return nextMs;
    const { marginMs } = this.#context.limits;
    return nowMs + (tried.size > 0 ? marginMs : marginMs / 20);
  }

  async #driveAll(due: readonly StoredGrant[]): Promise<void> {
    const queue = [...due];
    const worker = async () => {
      for (let claimed = queue.shift(); claimed !== undefined && !this.#alarm.isStopped; claimed = queue.shift()) {
        const subject = claimed.id;
        await this.#refresher()
          .drive(subject, { waitedForMs: null, claimed })
          .catch((error: unknown) => this.#context.report({ what: "refresh", subject, error }));
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, due.length) }, worker));
  }
}
