import type { AuditStore } from "../../ports/audit-store.ts";
import { CHAIN_START, type ChainHead, follows } from "../audit-chain.ts";
import type { MemoryState } from "./memory-state.ts";

/** The story and the outbox. */
export function memoryAudit(state: MemoryState): AuditStore {
  return {
    write: (records) => state.run(() => state.record(records)),
    story: (subject, limit) =>
      state.run(() =>
        state.allAudit
          .filter((record) => record.subject.kind === subject.kind && record.subject.id === subject.id)
          .sort((a, b) => b.atMs - a.atMs || b.sequence - a.sequence)
          .slice(0, limit),
      ),
    firstBroken: () =>
      state.run(() => {
        let last: ChainHead = CHAIN_START;
        for (const record of state.audit) {
          if (!follows(state.node, last, record)) return last.sequence + 1;
          last = record;
        }
        return null;
      }),
    end: () => state.run(() => state.audit.at(-1) ?? null),
    holds: ({ sequence, hash }) =>
      state.run(() => {
        // A chain counts from 1.
        const record = state.audit[sequence - 1];
        return record?.sequence === sequence && record.hash === hash;
      }),
    outbox: (limit) =>
      state.run(() =>
        state.outbox
          .filter(({ distributedAtMs }) => distributedAtMs === null)
          .slice(0, limit)
          .map(({ distributedAtMs: _distributedAtMs, ...notice }) => notice),
      ),
  };
}
