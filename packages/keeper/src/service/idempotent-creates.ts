import { hash } from "node:crypto";
import { EvergrantError, type OperatorId, type Secret } from "@evergrant/core";
import type { StoredCreate } from "../ports/idempotency-store.ts";
import type { SealContext } from "../ports/sealer.ts";
import type { Timer } from "../ports/time.ts";
import type { ServiceContext } from "./service-context.ts";

/** Creates that an operator may ask for again, when the answer was lost, without making a second one. */
export interface IdempotentCreates {
  /**
   * Runs a create the first time; again under the same key its first answer comes back, for a day and to the same operator alone.
   * Also one that shows a secret: who may have it shown again could have made another, and nobody else can.
   * @throws idempotency_key_reused · idempotency_key_busy · idempotency_outcome_unknown · idempotency_answer_erased, and whatever the create itself throws
   */
  once(ask: CreateAsk, create: () => Promise<Secret>): Promise<CreateAnswer>;
}

export interface CreateAsk {
  readonly operator: OperatorId;
  /** As the operator chose it. */
  readonly key: string;
  /** All that was asked for: under one key it has to be the same. */
  readonly request: Secret;
  /** The connections that it is about, by name: with them its answer is erased. */
  readonly connections: readonly string[];
}

export interface CreateAnswer {
  readonly answer: Secret;
  /** Nothing was made this time. */
  readonly repeated: boolean;
}

/**
 * At most once: a create that broke off is not run again, since nobody knows how far it came. One that was refused made nothing, and
 * may be asked for again under its key.
 */
export class CreateDesk implements IdempotentCreates {
  readonly #context: ServiceContext;
  #timer: Timer | null = null;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async once(ask: CreateAsk, create: () => Promise<Secret>): Promise<CreateAnswer> {
    const { operator, key: chosen, request, connections } = ask;
    const { sealer, store, time } = this.#context;
    const startedAtMs = time.wallMs();
    await this.#forget(startedAtMs);
    const key = hash("sha256", JSON.stringify([operator, chosen]), "hex");
    // Not a bare hash: what was asked for may hold a secret that somebody could guess.
    const requestMac = sealer.authenticate("create", request.reveal());
    const known = await store.idempotency.claim({ key, requestMac, startedAtMs, connections });
    if (known !== "claimed") return { answer: this.#first(known, requestMac), repeated: true };
    return { answer: await this.#run(key, create), repeated: false };
  }

  /** Answers hold secrets: none is kept for longer because nobody asks for another create. */
  start(): void {
    const { limits, node, report, time } = this.#context;
    this.#timer = time.setTimer(limits.healthIntervalMs, () => {
      this.#forget(time.wallMs()).catch((error: unknown) =>
        report({ what: "answers of creates", subject: node, error }),
      );
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async #forget(nowMs: number): Promise<void> {
    const { limits, store } = this.#context;
    await store.idempotency.forget(nowMs - limits.idempotencyKeptMs);
  }

  async #run(key: string, create: () => Promise<Secret>): Promise<Secret> {
    const { report, sealer, store } = this.#context;
    const answer = await create().catch(async (error: unknown) => {
      const made = error instanceof EvergrantError && error.facts.status < 500 ? "nothing" : "unknown";
      if (made === "nothing") await store.idempotency.release(key);
      throw error;
    });
    const dataKey = sealer.newDataKey(key);
    const sealed = sealer.seal(dataKey, contextOf(key), answer);
    // It is made: whoever asked first has the answer, also where it cannot be kept for a second time.
    await store.idempotency.finish(key, { dataKey, sealed }).catch((error: unknown) => {
      report({ what: "answer of a create", subject: key, error });
    });
    return answer;
  }

  #first(known: StoredCreate, requestMac: string): Secret {
    const { limits, sealer, time } = this.#context;
    if (known.requestMac !== requestMac) throw new EvergrantError("idempotency_key_reused");
    if (known.answer === "erased") throw new EvergrantError("idempotency_answer_erased");
    if (known.answer !== null) return sealer.open(known.answer.dataKey, contextOf(known.key), known.answer.sealed);
    if (time.wallMs() - known.startedAtMs < limits.idempotencyRunMs)
      throw new EvergrantError("idempotency_key_busy", { retryAfterMs: BUSY_MS });
    throw new EvergrantError("idempotency_outcome_unknown");
  }
}

const BUSY_MS = 1_000;

const contextOf = (key: string): SealContext => ({ owner: key, chain: "", kind: "answer", version: "" });
