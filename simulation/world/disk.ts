import { type AttemptId, EvergrantError, type GrantId, type StoreIdentity } from "@evergrant/core";
import type { ClockMark, Journal, JournalEntry, JournalRecord } from "@evergrant/keeper/parts";
import type { Rates } from "../plan/plan.ts";
import type { Stream } from "./chance.ts";
import type { Life, Machine } from "./machine.ts";

const ACCESS_TOKEN = /"access_token" ?: ?"([^"]+)"/;

type Answer = Extract<JournalRecord, { kind: "answer" }>;

/** A node's journal folder: it outlives the processes that write to it, unless it is lost. */
export class Disk {
  entries: JournalEntry[] = [];
  /** The store that the journal goes with, remembered beside it. */
  remembered: StoreIdentity | null = null;
  /** How the node's time stood to the machine's clock. */
  clockMark: ClockMark | null = null;
  readonly #answers = new Map<GrantId, Answer[]>();
  /** The attempts whose answers lie here, by the access token that came with them. */
  readonly #attemptOf = new Map<string, AttemptId>();
  #position = 0;
  #pending: { readonly life: Life; readonly record: JournalRecord }[] = [];
  full = false;
  failing = false;
  readonly #chance: Stream;

  constructor(chance: Stream) {
    this.#chance = chance;
  }

  /** What was written but not yet synced when the process ended may be there or not; the last of it may be torn. */
  crash(): void {
    for (const { record } of this.#pending) {
      if (!this.#chance.happens(0.5)) break;
      this.#keep(record);
    }
    this.#pending = [];
  }

  /** The answers about one grant that lie here. */
  answersOf(grant: GrantId): readonly Answer[] {
    return this.#answers.get(grant) ?? [];
  }

  /** Whether an answer that brought this access token lies here. */
  holds(accessToken: string): boolean {
    return this.#attemptOf.has(accessToken);
  }

  lose(): void {
    this.entries = [];
    this.#attemptOf.clear();
    this.#answers.clear();
    this.remembered = null;
    this.clockMark = null;
    this.#pending = [];
    this.#position = 0;
  }

  openFor(parts: {
    readonly machine: Machine;
    readonly life: Life;
    rates(): Rates;
    readonly onDurable: (record: JournalRecord) => void;
  }): Journal {
    const { life } = parts;
    return {
      append: (record) => this.#append(parts, record),
      read: async (from) => (life.alive ? this.#from(from ?? 0) : await new Promise<never>(() => undefined)),
      firstPosition: async () => this.entries[0]?.position ?? null,
      erase: async () => 0,
      forgetBefore: async (atMs) => {
        if (life.alive) this.#forgetBefore(atMs);
      },
      close: async () => undefined,
    };
  }

  get lastPosition(): number {
    return this.entries.at(-1)?.position ?? 0;
  }

  #from(position: number): JournalEntry[] {
    let at = this.entries.length;
    while (at > 0 && (this.entries[at - 1]?.position ?? 0) >= position) at -= 1;
    return this.entries.slice(at);
  }

  #append(
    parts: {
      readonly machine: Machine;
      readonly life: Life;
      rates(): Rates;
      readonly onDurable: (record: JournalRecord) => void;
    },
    record: JournalRecord,
  ): Promise<number> {
    const { machine, life, rates } = parts;
    return new Promise((resolve, reject) => {
      if (!life.alive) return;
      if (this.full) return reject(new EvergrantError("journal_unwritable"));
      const pending = { life, record };
      const sync = () => {
        this.#pending = this.#pending.filter((other) => other !== pending);
        if (this.failing) {
          // After a failed fsync nobody knows what is on the disk.
          if (this.#chance.happens(0.5)) this.#keep(record);
          reject(new EvergrantError("journal_unwritable"));
          return;
        }
        const position = this.#keep(record);
        parts.onDurable(record);
        resolve(position);
      };
      this.#pending.push(pending);
      const delayMs = this.#chance.happens(rates()["journal-slow"] ?? 0)
        ? this.#chance.between(100, 3_000)
        : this.#chance.below(2);
      if (delayMs === 0) sync();
      else machine.deliver(life, delayMs, sync);
    });
  }

  #keep(record: JournalRecord): number {
    this.#position += 1;
    this.entries.push({ position: this.#position, record });
    if (record.kind !== "answer") return this.#position;
    const [, accessToken] = ACCESS_TOKEN.exec(record.body.reveal()) ?? [];
    if (accessToken !== undefined) this.#attemptOf.set(accessToken, record.attempt);
    if (record.subject.kind === "grant") {
      const known = this.#answers.get(record.subject.grant);
      if (known === undefined) this.#answers.set(record.subject.grant, [record]);
      else known.push(record);
    }
    return this.#position;
  }

  #forgetBefore(atMs: number): void {
    const settled = new Set<string>();
    for (const { record } of this.entries)
      if (record.kind === "settled" && record.atMs < atMs) settled.add(record.attempt);
    this.entries = this.entries.filter(({ record }) => !settled.has(record.attempt));
    for (const [token, attempt] of this.#attemptOf) if (settled.has(attempt)) this.#attemptOf.delete(token);
    for (const [grant, answers] of this.#answers)
      this.#answers.set(
        grant,
        answers.filter(({ attempt }) => !settled.has(attempt)),
      );
  }
}
