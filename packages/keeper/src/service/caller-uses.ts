import type { CallerId } from "@evergrant/core";
import type { CallerUse } from "../ports/caller-store.ts";
import type { Timer } from "../ports/time.ts";
import type { ServiceContext } from "./service-context.ts";

/**
 * When callers' credentials were good for something last: noted in memory, written down together at intervals, so that no request
 * waits for it. Bounded by the credentials that there are.
 */
export class CallerUses {
  readonly #context: ServiceContext;
  readonly #latest = new Map<string, CallerUse>();
  readonly #unwritten = new Set<string>();
  #timer: Timer | null = null;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  note(caller: CallerId, credential: string): void {
    const key = keyOf(caller, credential);
    this.#latest.set(key, { caller, credential, atMs: this.#context.time.wallMs() });
    this.#unwritten.add(key);
    this.#timer ??= this.#context.time.setTimer(this.#context.limits.callerUseMs, () => {
      this.#timer = null;
      void this.#context.activity.during(() => this.#write());
    });
  }

  /** As far as this node knows; `look` asks what the others wrote down. */
  lastUsedAtMs(caller: CallerId, credential: string): number | null {
    return this.#latest.get(keyOf(caller, credential))?.atMs ?? null;
  }

  async look(): Promise<void> {
    const written = await this.#context.store.callers.uses().catch(() => []);
    for (const use of written) {
      const key = keyOf(use.caller, use.credential);
      if ((this.#latest.get(key)?.atMs ?? -1) < use.atMs) this.#latest.set(key, use);
    }
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    await this.#write();
  }

  // What could not be written goes with the next use's.
  async #write(): Promise<void> {
    const keys = [...this.#unwritten];
    this.#unwritten.clear();
    const uses = keys.flatMap((key) => this.#latest.get(key) ?? []);
    if (uses.length === 0) return;
    try {
      await this.#context.store.callers.noteUses(uses);
    } catch {
      for (const key of keys) this.#unwritten.add(key);
    }
  }
}

const keyOf = (caller: CallerId, credential: string): string => `${caller} ${credential}`;
