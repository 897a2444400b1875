import type { AccessFacts, GrantId, Secret } from "@evergrant/core";

/** An access token that may be handed out, and what was decided about it. */
export interface LiveToken {
  readonly secret: Secret;
  readonly facts: AccessFacts;
}

/** Access tokens in memory, one per grant: what the hot path reads, and nothing else. */
export class LiveTokens {
  readonly #tokens = new Map<GrantId, LiveToken>();
  readonly #usedAtMs = new Map<GrantId, number>();

  get(grant: GrantId): LiveToken | undefined {
    return this.#tokens.get(grant);
  }

  /** Keeps the token that lives longer: an answer that comes late never replaces a newer one. */
  offer(grant: GrantId, token: LiveToken): void {
    const known = this.#tokens.get(grant);
    if (known === undefined || known.facts.receivedAtMs <= token.facts.receivedAtMs) this.#tokens.set(grant, token);
  }

  /** A new consent's token takes the place of whatever was there. */
  replace(grant: GrantId, token: LiveToken): void {
    this.#tokens.set(grant, token);
  }

  drop(grant: GrantId): void {
    this.#tokens.delete(grant);
  }

  markUsed(grant: GrantId, nowMs: number): void {
    this.#usedAtMs.set(grant, nowMs);
  }

  usedAtMs(grant: GrantId): number | null {
    return this.#usedAtMs.get(grant) ?? null;
  }
}
