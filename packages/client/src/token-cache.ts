import { hash } from "node:crypto";
import type { AccessToken, Notice, Unable } from "./client.ts";
import { ClientError, clientError } from "./errors.ts";
import { type HeldToken, handOut, remainingMs, renewalDelayMs, standing } from "./held-token.ts";
import { type Patience, pauseMs } from "./patience.ts";
import type { Secret } from "./secret.ts";
import { type Chance, pause, type Time } from "./time.ts";
import type { ReceivedToken, TokenRequest } from "./token-request.ts";

export interface TokenCacheParts {
  readonly request: TokenRequest;
  readonly time: Time;
  readonly chance: Chance;
  readonly patience: Patience;
  readonly onUnable: (unable: Unable) => void;
  readonly onNotice: (notice: Notice) => void;
  /** What is held has changed. */
  readonly onChange: () => void;
}

interface Wish {
  readonly minTtlMs: number;
  readonly signal: AbortSignal | null;
}

interface Flight {
  readonly firstAnswer: Promise<void>;
  readonly done: Promise<void>;
}

/** What is known of one connection. Nothing in it is ever seen by another. */
interface Entry {
  readonly connection: string;
  held: HeldToken | null;
  /** The one series of requests that runs, and that all who wait share; never rejects. */
  flight: Flight | null;
  failure: { readonly error: ClientError; readonly untilMonotonicMs: number } | null;
  /** Failed series in a row. */
  failures: number;
  answeredAtMonotonicMs: number;
  /** When somebody last made it ask for a newer token than the one that was refused. */
  challengedAtMonotonicMs: number;
  told: "well" | "degraded" | "unable";
}

/** Tokens in memory, one entry per connection, renewed while they are still good. */
export class TokenCache {
  readonly #parts: TokenCacheParts;
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new AbortController();

  constructor(parts: TokenCacheParts) {
    this.#parts = parts;
  }

  /** @throws ClientError */
  async get(connection: string, wish: Wish): Promise<AccessToken> {
    wish.signal?.throwIfAborted();
    this.#throwIfClosed();
    const entry = this.#entry(connection);
    const found = standing(entry.held, wish.minTtlMs, this.#parts.time);
    if (found === "stale" && this.#mayFly(entry)) this.#fly(entry, wish.minTtlMs);
    if (found === "expired" || (found === "short" && this.#mayAskForLonger(entry)))
      await this.#waitFor(entry, wish, found);
    return this.#give(entry);
  }

  /** A token newer than one that the API refused; the same one, where Evergrant has no newer. @throws ClientError */
  async getNewer(connection: string, refused: Pick<Secret, "reveal">, wish: Wish): Promise<AccessToken> {
    const entry = this.#entry(connection);
    const isHeld = () => entry.held?.accessToken.reveal() === refused.reveal();
    // A series that runs may have been answered before the token was refused: then one more is worth it.
    if (isHeld() && entry.flight !== null) await patiently(entry.flight.done, wish.signal);
    this.#throwIfClosed();
    if (isHeld() && this.#mayFly(entry) && this.#mayChallenge(entry))
      await patiently(this.#fly(entry, wish.minTtlMs, sha256Of(refused)).done, wish.signal);
    return await this.get(connection, wish);
  }

  /** Takes up a token from elsewhere, unless there is one already. It is renewed at the first use. */
  adopt(connection: string, token: Omit<HeldToken, "renewAtMonotonicMs">): void {
    const entry = this.#entry(connection);
    entry.held ??= { ...token, renewAtMonotonicMs: this.#parts.time.monotonicMs() };
  }

  /** What is held and valid. */
  held(): ReadonlyMap<string, HeldToken> {
    const valid = new Map<string, HeldToken>();
    for (const { connection, held } of this.#entries.values())
      if (held !== null && remainingMs(held, this.#parts.time) > 0) valid.set(connection, held);
    return valid;
  }

  /** Gives up what runs and answers nobody any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#entries.values()].map(({ flight }) => flight?.done));
  }

  #throwIfClosed(): void {
    if (this.#closing.signal.aborted) throw clientError("client_closed");
  }

  #entry(connection: string): Entry {
    const known = this.#entries.get(connection);
    if (known !== undefined) return known;
    const entry: Entry = {
      ...{ connection, held: null, flight: null, failure: null, failures: 0 },
      ...{
        answeredAtMonotonicMs: Number.NEGATIVE_INFINITY,
        challengedAtMonotonicMs: Number.NEGATIVE_INFINITY,
        told: "well",
      },
    };
    this.#entries.set(connection, entry);
    return entry;
  }

  #mayFly(entry: Entry): boolean {
    return entry.failure === null || this.#parts.time.monotonicMs() >= entry.failure.untilMonotonicMs;
  }

  // Evergrant told the truth a moment ago: asking again so soon would bring the same.
  #mayAskForLonger(entry: Entry): boolean {
    const { time, patience } = this.#parts;
    return time.monotonicMs() - entry.answeredAtMonotonicMs >= patience.askAgainMs;
  }

  // An API that refuses every token must not make every call of it a call of Evergrant too.
  #mayChallenge(entry: Entry): boolean {
    const { time, patience } = this.#parts;
    if (time.monotonicMs() - entry.challengedAtMonotonicMs < patience.askAgainMs) return false;
    entry.challengedAtMonotonicMs = time.monotonicMs();
    return true;
  }

  async #waitFor(entry: Entry, wish: Wish, found: "short" | "expired"): Promise<void> {
    if (entry.flight === null && !this.#mayFly(entry)) return;
    const flight = this.#fly(entry, wish.minTtlMs);
    // Whoever has a valid token waits for one answer to come, and not for a series of them.
    await patiently(found === "short" ? flight.firstAnswer : flight.done, wish.signal);
    this.#throwIfClosed();
  }

  #give(entry: Entry): AccessToken {
    const { time } = this.#parts;
    const { held, failure } = entry;
    if (held !== null && remainingMs(held, time) > 0) return handOut(held, time);
    const error = this.#stillToWait(failure) ?? clientError("evergrant_unreachable", "the token expired on its way");
    this.#tellUnable(entry, error);
    throw error;
  }

  #stillToWait(failure: Entry["failure"]): ClientError | undefined {
    if (failure === null || failure.error.retry !== "later") return failure?.error;
    const { code, message, retry, status, cause } = failure.error;
    const retryAfterMs = Math.max(0, failure.untilMonotonicMs - this.#parts.time.monotonicMs());
    return new ClientError({ code, message, retry, retryAfterMs, cause, ...(status === null ? {} : { status }) });
  }

  #fly(entry: Entry, minTtlMs: number, refusedSha256: string | null = null): Flight {
    if (entry.flight !== null) return entry.flight;
    const first = Promise.withResolvers<void>();
    const done = this.#ask(entry, { minTtlMs, refusedSha256 }, first.resolve).finally(() => {
      entry.flight = null;
      first.resolve();
    });
    entry.flight = { firstAnswer: first.promise, done };
    return entry.flight;
  }

  async #ask(
    entry: Entry,
    ask: { readonly minTtlMs: number; readonly refusedSha256: string | null },
    answered: () => void,
  ): Promise<void> {
    const { request, time, chance, patience } = this.#parts;
    const { signal } = this.#closing;
    const giveUpAtMs = time.monotonicMs() + patience.waitMs;
    for (let attempt = 1; ; attempt += 1) {
      const sent = { wallMs: time.wallMs(), monotonicMs: time.monotonicMs() };
      const outcome = await request(entry.connection, { ...ask, signal });
      if (signal.aborted) return;
      if (outcome.kind === "token") return this.#take(entry, outcome.token, sent);
      const { error } = outcome;
      const restMs = pauseMs(patience, attempt, { retryAfterMs: error.retryAfterMs, draw: chance.draw() });
      const again = error.retry === "later" && attempt < patience.attempts && time.monotonicMs() + restMs < giveUpAtMs;
      if (!again) return this.#fail(entry, error);
      answered();
      await pause(time, restMs, signal);
      if (signal.aborted) return;
    }
  }

  #take(
    entry: Entry,
    { lifeMs, ...token }: ReceivedToken,
    sent: { readonly wallMs: number; readonly monotonicMs: number },
  ): void {
    const { chance, time } = this.#parts;
    // Counted from before the request was sent, so that no time on the way lengthens a life.
    entry.held = {
      ...token,
      expiresAtWallMs: sent.wallMs + lifeMs,
      expiresAtMonotonicMs: sent.monotonicMs + lifeMs,
      renewAtMonotonicMs: sent.monotonicMs + renewalDelayMs(lifeMs, chance.draw()),
    };
    entry.failure = null;
    entry.failures = 0;
    entry.answeredAtMonotonicMs = time.monotonicMs();
    if (entry.told !== "well") this.#parts.onNotice({ kind: "recovered", connection: entry.connection });
    entry.told = "well";
    this.#parts.onChange();
  }

  #fail(entry: Entry, error: ClientError): void {
    const { chance, time, patience } = this.#parts;
    entry.failures += 1;
    const retryAfter = { retryAfterMs: error.retryAfterMs, draw: chance.draw() };
    const restMs = pauseMs(patience, patience.attempts + entry.failures - 1, retryAfter);
    entry.failure = { error, untilMonotonicMs: time.monotonicMs() + restMs };
    // Evergrant's own word beats what is remembered: whoever may no longer have the token does not get it from here.
    if (error.retry !== "later" && entry.held !== null) {
      entry.held = null;
      this.#parts.onChange();
    }
    const validForMs = remainingMs(entry.held, time);
    if (validForMs === 0) {
      this.#tellUnable(entry, error);
    } else if (entry.told !== "degraded") {
      entry.told = "degraded";
      this.#parts.onNotice({ kind: "degraded", connection: entry.connection, error, validForMs });
    }
  }

  #tellUnable(entry: Entry, error: ClientError): void {
    if (entry.told === "unable") return;
    entry.told = "unable";
    this.#parts.onUnable({ connection: entry.connection, error });
  }
}

// Evidence for Evergrant, which then asks the API itself: that a token was refused here is no proof.
function sha256Of(token: Pick<Secret, "reveal">): string {
  return hash("sha256", token.reveal(), "hex");
}

/** Waits for something that goes on whether or not this caller still wants it. */
async function patiently(work: Promise<void>, signal: AbortSignal | null): Promise<void> {
  if (signal === null) return await work;
  signal.throwIfAborted();
  const ended = Promise.withResolvers<void>();
  const end = () => ended.reject(signal.reason);
  signal.addEventListener("abort", end);
  try {
    await Promise.race([work, ended.promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
