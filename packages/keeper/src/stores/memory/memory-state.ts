import { type ConnectionId, EvergrantError, type GrantId, type NodeId } from "@evergrant/core";
import type { StoredConnection } from "../../ports/connection-store.ts";
import type { Deployment } from "../../ports/deployment-store.ts";
import type { StoredGrant } from "../../ports/grant-store.ts";
import type { ListPlace } from "../../ports/list-place.ts";
import type { JournalMark } from "../../ports/node-store.ts";
import type { AuditRecord, AuditSubject, Records } from "../../ports/records.ts";
import { CHAIN_START, type ChainHead, chained } from "../audit-chain.ts";
import { storable } from "../storable.ts";
import { compareText } from "./compare-text.ts";
import type { MemoryTables } from "./memory-tables.ts";

const NONE: ReadonlySet<ConnectionId> = new Set();

/** The store as one node works on it. Each change computes everything first and then writes, without a pause in between: a transaction. */
export class MemoryState {
  readonly node: NodeId;
  readonly apps: MemoryTables["apps"];
  readonly grants: MemoryTables["grants"];
  readonly tokens: MemoryTables["tokens"];
  readonly connections: MemoryTables["connections"];
  readonly links: MemoryTables["links"];
  readonly consents: MemoryTables["consents"];
  readonly callers: MemoryTables["callers"];
  readonly callerUses: MemoryTables["callerUses"];
  readonly assertions: MemoryTables["assertions"];
  readonly operators: MemoryTables["operators"];
  readonly operatorUses: MemoryTables["operatorUses"];
  readonly sessions: MemoryTables["sessions"];
  readonly creates: MemoryTables["creates"];
  readonly outbox: MemoryTables["outbox"];
  readonly nodes: MemoryTables["nodes"];
  readonly recipients: MemoryTables["recipients"];
  readonly deliveries: MemoryTables["deliveries"];
  readonly matters: MemoryTables["matters"];
  readonly reports: MemoryTables["reports"];
  readonly erased: MemoryTables["erased"];
  /** This node's own chain. */
  readonly audit: AuditRecord[];
  readonly due: MemoryTables["due"];
  readonly #tables: MemoryTables;
  readonly #mark: (() => JournalMark) | undefined;
  #open = true;

  constructor(node: NodeId, tables: MemoryTables, mark?: () => JournalMark) {
    this.node = node;
    this.#mark = mark;
    this.#tables = tables;
    this.apps = tables.apps;
    this.grants = tables.grants;
    this.tokens = tables.tokens;
    this.connections = tables.connections;
    this.links = tables.links;
    this.consents = tables.consents;
    this.callers = tables.callers;
    this.callerUses = tables.callerUses;
    this.assertions = tables.assertions;
    this.operators = tables.operators;
    this.operatorUses = tables.operatorUses;
    this.sessions = tables.sessions;
    this.creates = tables.creates;
    this.outbox = tables.outbox;
    this.nodes = tables.nodes;
    this.recipients = tables.recipients;
    this.deliveries = tables.deliveries;
    this.matters = tables.matters;
    this.reports = tables.reports;
    this.erased = tables.erased;
    this.audit = tables.chainOf(node);
    this.due = tables.due;
  }

  get deployment(): Deployment | undefined {
    return this.#tables.deployment;
  }

  set deployment(deployment: Deployment | undefined) {
    this.#tables.deployment = deployment;
  }

  get epoch(): number {
    return this.#tables.epoch;
  }

  set epoch(epoch: number) {
    this.#tables.epoch = epoch;
  }

  /** The chains of all nodes. */
  get chains(): ReadonlyMap<NodeId, readonly AuditRecord[]> {
    return this.#tables.audit;
  }

  /** The records of all nodes about one subject. */
  storyOf(subject: AuditSubject): readonly AuditRecord[] {
    return this.#tables.storyOf(subject);
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
    const last = audit.at(-1);
    if (this.#mark !== undefined && last !== undefined) this.#moveNodeOn(this.#mark(), last.atMs);
    for (const notice of notices)
      this.outbox.push({
        ...storable(notice),
        sequence: (this.outbox.at(-1)?.sequence ?? 0) + 1,
        distributedAtMs: null,
      });
  }

  putGrant(grant: StoredGrant): void {
    this.grants.set(grant.id, grant);
    this.due.add(grant);
  }

  putConnection(connection: StoredConnection): void {
    this.#tables.putConnection(connection);
  }

  onGrant(grant: GrantId): ReadonlySet<ConnectionId> {
    return this.#tables.onGrant.get(grant) ?? NONE;
  }

  #moveNodeOn({ node, end, acknowledged }: JournalMark, writtenAtMs: number): void {
    const row = this.nodes.get(node);
    if (row === undefined || row.journalPosition < acknowledged || row.journalPosition > end) return;
    this.nodes.set(node, { ...row, journalPosition: end, writtenAtMs });
  }

  get head(): ChainHead {
    return this.audit.at(-1) ?? CHAIN_START;
  }

  close(): void {
    this.#open = false;
  }
}

/** In the order in which they were made. */
export function byAge<Id extends string, T extends { readonly id: Id; readonly createdAtMs: number }>(
  all: ReadonlyMap<Id, T>,
): readonly T[] {
  return [...all.values()].sort((a, b) => a.createdAtMs - b.createdAtMs || compareText(a.id, b.id));
}

/** Whether a row comes after a place in that order. */
export function comesAfter(place: ListPlace | null) {
  return ({ createdAtMs, id }: { readonly createdAtMs: number; readonly id: string }): boolean =>
    place === null || createdAtMs > place.atMs || (createdAtMs === place.atMs && compareText(id, place.id) > 0);
}
