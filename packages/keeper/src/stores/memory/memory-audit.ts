import type { AuditMark, AuditPlace, AuditStore } from "../../ports/audit-store.ts";
import type { AuditRecord } from "../../ports/records.ts";
import { CHAIN_START, type ChainHead, follows } from "../audit-chain.ts";
import { compareText } from "./compare-text.ts";
import type { MemoryState } from "./memory-state.ts";

/** The story and the outbox. */
export function memoryAudit(state: MemoryState): AuditStore {
  return {
    write: (records) => state.run(() => state.record(records)),
    story: (subject, limit) =>
      state.run(() =>
        state
          .storyOf(subject)
          .toSorted((a, b) => b.atMs - a.atMs || b.sequence - a.sequence)
          .slice(0, limit),
      ),
    page: (after, limit) =>
      state.run(() =>
        [...state.chains]
          .flatMap(([node, records]) => records.map((record) => ({ ...record, node })))
          .sort(newestFirst)
          .filter((record) => after === null || newestFirst(after, record) < 0)
          .slice(0, limit),
      ),
    chains: () =>
      state.run(() =>
        [...state.chains]
          .flatMap(([node, records]) => {
            const end = records.at(-1);
            return end === undefined ? [] : [{ node, sequence: end.sequence, hash: end.hash }];
          })
          .sort((a, b) => compareText(a.node, b.node)),
      ),
    firstBroken: (node = state.node) =>
      state.run(() => {
        let last: ChainHead = CHAIN_START;
        for (const record of state.chains.get(node) ?? []) {
          if (!follows(node, last, record)) return last.sequence + 1;
          last = record;
        }
        return null;
      }),
    end: () => state.run(() => state.audit.at(-1) ?? null),
    holds: (mark) => state.run(() => holdsRecord(state.audit, mark)),
    outbox: (limit) =>
      state.run(() =>
        state.outbox
          .filter(({ distributedAtMs }) => distributedAtMs === null)
          .slice(0, limit)
          .map(({ distributedAtMs: _distributedAtMs, ...notice }) => notice),
      ),
  };
}

/** Whether this very record is in a chain. */
export function holdsRecord(chain: readonly AuditRecord[], { sequence, hash }: AuditMark): boolean {
  // A chain counts from 1.
  const record = chain[sequence - 1];
  return record?.sequence === sequence && record.hash === hash;
}

function newestFirst(a: AuditPlace, b: AuditPlace): number {
  return b.atMs - a.atMs || compareText(a.node, b.node) || b.sequence - a.sequence;
}
