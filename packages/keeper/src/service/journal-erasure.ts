import type { AttemptId, GrantId } from "@evergrant/core";
import type { JournalRecord } from "../ports/journal.ts";
import type { ErasedGrant } from "./connecting.ts";
import type { NodeReports } from "./node-reports.ts";
import type { ServiceContext } from "./service-context.ts";

const PAGE = 1_000;

/**
 * Takes erased grants out of this node's journal: their tokens stand there too, sealed by keys that are derived anew from the
 * key-encryption key, so that nothing but writing the segments anew takes them away.
 */
export class JournalErasure {
  readonly #context: ServiceContext;
  readonly #reports: NodeReports;
  /** When each was looked for; null once it was looked for again after any answer that may have been on its way. */
  readonly #lookedAtMs = new Map<GrantId, number | null>();
  #looking: Promise<void> | null = null;
  #lookedAtMonotonicMs = Number.NEGATIVE_INFINITY;
  #erasedToMs = 0;

  constructor(context: ServiceContext, reports: NodeReports) {
    this.#context = context;
    this.#reports = reports;
  }

  /** Looks for what was erased since the last time, on whichever node, and says so in the store when it is done. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** `look`, if the last one is a while ago: erasures of other nodes are rare, and nobody waits for this. */
  async lookIfDue(): Promise<void> {
    const { time, limits } = this.#context;
    if (time.monotonicMs() - this.#lookedAtMonotonicMs >= limits.leaseMs / 3) await this.look();
  }

  /** Which nodes' journals are clean of all that is erased; one that is down does it at its next start. */
  async standing(): Promise<ErasedGrant["journals"]> {
    const { store } = this.#context;
    const reports = new Map((await store.nodes.reports()).map((report) => [report.node, report]));
    const nodes = new Set([...(await store.nodes.list()).map(({ node }) => node), ...reports.keys()]);
    const [last] = (await store.grants.erasedSince(0, Number.MAX_SAFE_INTEGER)).slice(-1);
    return [...nodes].sort().map((node) => ({
      node,
      erased: (reports.get(node)?.erasedToMs ?? 0) > (last?.atMs ?? 0),
    }));
  }

  async #look(): Promise<void> {
    const { store, journal, time, limits } = this.#context;
    const nowMs = time.wallMs();
    this.#lookedAtMonotonicMs = time.monotonicMs();
    const window = limits.leaseMs + limits.clockSkewMs;
    const erased = await store.grants.erasedSince(Math.max(0, this.#erasedToMs - 2 * window), PAGE);
    const due = erased.filter(({ id }) => {
      const lookedAtMs = this.#lookedAtMs.get(id);
      return lookedAtMs === undefined || (lookedAtMs !== null && nowMs > lookedAtMs + window);
    });
    if (due.length > 0) {
      const attempts = await this.#attemptsOf(due.map(({ id }) => id));
      const grants = new Set(due.map(({ id }) => id));
      await journal.erase((record) => isOf(record, grants, attempts));
      for (const id of grants) this.#lookedAtMs.set(id, this.#lookedAtMs.has(id) ? null : nowMs);
    }
    const last = erased.at(-1)?.atMs ?? 0;
    // The rest of a longer list follows from there.
    this.#erasedToMs = erased.length < PAGE ? Math.max(nowMs, last) + 1 : last;
    if (due.length > 0) await this.#reports.tell({ erasedToMs: this.#erasedToMs });
    if (erased.length === PAGE) await this.#look();
  }

  async #attemptsOf(grants: readonly GrantId[]): Promise<ReadonlySet<AttemptId>> {
    const attempts = new Set<AttemptId>();
    for (const grant of grants)
      for (const { id } of await this.#context.store.grants.versionsOf(grant))
        attempts.add(id.replace(/^tv_/, "at_") as AttemptId);
    return attempts;
  }
}

// The exchange of a consent's code is an attempt without a grant: by its name it is known whose tokens it brought.
function isOf(record: JournalRecord, grants: ReadonlySet<GrantId>, attempts: ReadonlySet<AttemptId>): boolean {
  if (attempts.has(record.attempt)) return true;
  return record.kind !== "settled" && record.subject.kind === "grant" && grants.has(record.subject.grant);
}
