import type { AuditMark } from "../ports/audit-store.ts";
import type { JournalPosition } from "../ports/journal.ts";
import type { NodeRow } from "../ports/node-store.ts";
import type { Provenance } from "../ports/provenance.ts";
import type { ServiceContext } from "./service-context.ts";

/** Where the node's journal and its audit ended, before the one was held against the store. */
export interface Seen {
  readonly end: JournalPosition;
  /** null: it has no record yet, or somebody has cut the audit off, which then says nothing. */
  readonly record: AuditMark | null;
}

/** What is taken note of before a journal is held against the store. @throws store_unavailable */
export async function seenNow({ store }: Pick<ServiceContext, "store">, provenance: Provenance): Promise<Seen> {
  const { end } = provenance.mark();
  const record = await store.audit.end();
  return { end, record: record !== null && (await store.audit.holds(record)) ? record : null };
}

/**
 * Tells a store that went back, or is met for the first time, how far the journal had come that was put into it.
 * @returns false where it went back once more since: it is told nothing, and what was found in it counts for nothing.
 * @throws store_unavailable
 */
export async function tellOfJournal(
  { store, node, time }: Pick<ServiceContext, "store" | "node" | "time">,
  provenance: Provenance,
  { seen, incarnation }: { readonly seen: Seen; readonly incarnation: NodeRow["incarnation"] },
): Promise<boolean> {
  const row = { node, incarnation, journalPosition: seen.end, writtenAtMs: time.wallMs() };
  const isTold = await store.nodes.write(row, seen.record);
  if (isTold) provenance.acknowledge(seen.end);
  return isTold;
}
