import type { AccessFacts, GrantId, Secret, TokenVersionId } from "@evergrant/core";
import type { NodeClock } from "./node-clock.ts";

/** An access token that may be handed out, and what was decided about it. */
export interface LiveToken {
  readonly secret: Secret;
  readonly facts: AccessFacts;
  /** When its grant, whose head is suspect, will be refreshed to confirm that head; absent where nothing is known of such. */
  readonly confirmFromMs?: number | null;
}

/** Access tokens in memory, one per grant: what the hot path reads, and nothing else. */
export class LiveTokens {
  readonly #clock: Pick<NodeClock, "atLeast" | "doubtfulUntilMs">;
  readonly #tokens = new Map<GrantId, LiveToken>();
  readonly #usedAtMs = new Map<GrantId, number>();
  readonly #refused = new Map<GrantId, { readonly version: TokenVersionId; readonly atMs: number }>();

  constructor(clock: Pick<NodeClock, "atLeast" | "doubtfulUntilMs">) {
    this.#clock = clock;
  }

  get(grant: GrantId): LiveToken | undefined {
    return this.#tokens.get(grant);
  }

  /** Keeps whichever was received last: an answer that comes late never replaces a newer one. True when this one is kept. */
  offer(grant: GrantId, token: LiveToken): boolean {
    this.#clock.atLeast(token.facts.receivedAtMs);
    // I7 right token: nobody knows how long that one still lives.
    if (token.facts.receivedAtMs <= this.#clock.doubtfulUntilMs) return false;
    const known = this.#tokens.get(grant);
    if (known !== undefined && known.facts.receivedAtMs > token.facts.receivedAtMs) return false;
    this.#tokens.set(grant, token);
    return true;
  }

  /** A new consent's token takes the place of whatever was there. */
  replace(grant: GrantId, token: LiveToken): void {
    this.#tokens.set(grant, token);
  }

  drop(grant: GrantId): void {
    this.#tokens.delete(grant);
  }

  /** True for the first use since the token in hand came: from now on its grant is kept warm. */
  markUsed(grant: GrantId, nowMs: number): boolean {
    const before = this.#usedAtMs.get(grant) ?? Number.NEGATIVE_INFINITY;
    this.#usedAtMs.set(grant, nowMs);
    return before < (this.#tokens.get(grant)?.facts.receivedAtMs ?? Number.POSITIVE_INFINITY);
  }

  /** The provider's API called this one expired: what it is worth is asked anew, at most once in this while. */
  markRefused(
    grant: GrantId,
    refused: { readonly version: TokenVersionId; readonly atMs: number },
    againMs: number,
  ): boolean {
    const before = this.#refused.get(grant);
    if (before !== undefined && refused.atMs - before.atMs < againMs) return before.version === refused.version;
    this.#refused.set(grant, refused);
    return true;
  }

  refused(grant: GrantId): TokenVersionId | null {
    return this.#refused.get(grant)?.version ?? null;
  }

  usedAtMs(grant: GrantId): number | null {
    return this.#usedAtMs.get(grant) ?? null;
  }
}
