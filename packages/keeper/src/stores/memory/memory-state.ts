import {
  type AppId,
  type CallerId,
  type ConnectionId,
  type ConsentId,
  EvergrantError,
  type GrantId,
  type NodeId,
  type TokenVersionId,
} from "@evergrant/core";
import type { StoredApp } from "../../ports/app-store.ts";
import type { StoredCaller } from "../../ports/caller-store.ts";
import type { StoredConnection } from "../../ports/connection-store.ts";
import type { ConsentLink, StoredConsent } from "../../ports/consent-store.ts";
import type { Deployment } from "../../ports/deployment-store.ts";
import type { StoredGrant, TokenVersion } from "../../ports/grant-store.ts";
import type { AuditRecord, NoticeEntry, Records } from "../../ports/records.ts";
import { CHAIN_START, type ChainHead, chained } from "../audit-chain.ts";
import { storable } from "../storable.ts";

/** What the store holds. Each change computes everything first and then writes, without a pause in between: a transaction. */
export class MemoryState {
  readonly node: NodeId;
  readonly apps = new Map<AppId, StoredApp>();
  readonly grants = new Map<GrantId, StoredGrant>();
  readonly tokens = new Map<TokenVersionId, TokenVersion>();
  readonly connections = new Map<ConnectionId, StoredConnection>();
  readonly links = new Map<string, ConsentLink>();
  readonly consents = new Map<ConsentId, StoredConsent>();
  readonly callers = new Map<CallerId, StoredCaller>();
  readonly audit: AuditRecord[] = [];
  readonly outbox: (NoticeEntry & { readonly sequence: number })[] = [];
  deployment: Deployment | undefined;
  epoch = 0;
  #open = true;

  constructor(node: NodeId) {
    this.node = node;
  }

  /** Runs a read or a change to its end, outside of the caller's turn as a database would. */
  async run<T>(work: () => T): Promise<T> {
    if (!this.#open) throw new EvergrantError("store_unavailable", { detail: "the store is closed" });
    await null;
    return work();
  }

  /** Comes first in a change: what cannot be written down throws before anything has moved. */
  record({ audit, notices }: Records): void {
    const records: AuditRecord[] = [];
    for (const entry of audit) records.push(chained(this.node, records.at(-1) ?? this.head, entry));
    this.audit.push(...records);
    for (const notice of notices) this.outbox.push({ ...storable(notice), sequence: this.outbox.length + 1 });
  }

  get head(): ChainHead {
    return this.audit.at(-1) ?? CHAIN_START;
  }

  close(): void {
    this.#open = false;
  }

  /** Everything as it is now. Rows are never changed in place, so copying the tables is enough. */
  snapshot(): MemorySnapshot {
    const { apps, grants, tokens, connections, links, consents, callers, audit, outbox, deployment, epoch } = this;
    return {
      tables: [apps, grants, tokens, connections, links, consents, callers].map(
        (table) => new Map<unknown, unknown>(table),
      ),
      audit: [...audit],
      outbox: [...outbox],
      deployment,
      epoch,
    };
  }

  /** Goes back to an earlier state: what was written since is gone, as after a fail-over or from a backup. */
  restore(snapshot: MemorySnapshot): void {
    const { apps, grants, tokens, connections, links, consents, callers } = this;
    [apps, grants, tokens, connections, links, consents, callers].forEach((table: Map<unknown, unknown>, index) => {
      table.clear();
      for (const [key, row] of snapshot.tables[index] ?? []) table.set(key, row);
    });
    this.audit.splice(0, this.audit.length, ...snapshot.audit);
    this.outbox.splice(0, this.outbox.length, ...snapshot.outbox);
    this.deployment = snapshot.deployment;
    this.epoch = snapshot.epoch;
  }
}

/** A copy of a whole store, opaque to whoever keeps it. */
export interface MemorySnapshot {
  readonly tables: readonly ReadonlyMap<unknown, unknown>[];
  readonly audit: readonly AuditRecord[];
  readonly outbox: readonly (NoticeEntry & { readonly sequence: number })[];
  readonly deployment: Deployment | undefined;
  readonly epoch: number;
}

/** In the order in which they were made. */
export function byAge<Id extends string, T extends { readonly id: Id; readonly createdAtMs: number }>(
  all: ReadonlyMap<Id, T>,
): readonly T[] {
  return [...all.values()].sort((a, b) => a.createdAtMs - b.createdAtMs || compareText(a.id, b.id));
}

export function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
