import { hash } from "node:crypto";
import { EvergrantError } from "@evergrant/core";
import type { ServiceContext } from "./service-context.ts";
import { answerOrAway } from "./waiting.ts";

const MOST_REMEMBERED = 200_000;

/**
 * Lets each assertion be used once: by an insert that all nodes share. While the store is away this node's own memory says so
 * alone; what is in that memory is refused at once.
 */
export class UsedAssertions {
  readonly #context: ServiceContext;
  readonly #most: number;
  /** When each can be forgotten, in the order of their use. */
  readonly #remembered = new Map<string, number>();
  #forgetAtMs = 0;

  constructor(context: ServiceContext, most = MOST_REMEMBERED) {
    this.#context = context;
    this.#most = most;
  }

  /**
   * Whether this is its first use.
   * @throws store_unavailable where neither the store nor memory can tell
   */
  async claim(clientId: string, assertion: { readonly id: string; readonly expiresAtMs: number }): Promise<boolean> {
    const { clock, limits, store } = this.#context;
    const digest = hash("sha256", JSON.stringify([clientId, assertion.id]), "hex");
    const untilMs = assertion.expiresAtMs + limits.clockSkewMs;
    this.#forget(clock.calendarMs());
    if (this.#remembered.has(digest)) return false;
    const isFull = this.#remembered.size >= this.#most;
    // Before anything is waited for, so that of two at the same moment one is refused.
    if (!isFull) this.#remembered.set(digest, untilMs);
    const answer = await answerOrAway(this.#context, store.assertions.claim(digest, untilMs));
    if (answer === "away" && isFull)
      throw new EvergrantError("store_unavailable", { detail: "too many assertions to remember without it" });
    return answer !== "taken";
  }

  #forget(nowMs: number): void {
    for (const [digest, untilMs] of this.#remembered) {
      if (untilMs >= nowMs) break;
      this.#remembered.delete(digest);
    }
    if (nowMs < this.#forgetAtMs) return;
    const { activity, limits, store } = this.#context;
    this.#forgetAtMs = nowMs + limits.assertionLifeMs;
    // Another node's clock may be behind: what has expired here for a while has expired there.
    const beforeMs = nowMs - limits.assertionLifeMs;
    void activity.during(() => store.assertions.forget(beforeMs)).catch(() => undefined);
  }
}
