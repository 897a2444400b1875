import type {
  AppId,
  CallerId,
  ConnectionId,
  ConsentId,
  GrantId,
  Matter,
  NodeId,
  OperatorId,
  RecipientId,
  TokenVersionId,
} from "@evergrant/core";
import type { StoredApp } from "../../ports/app-store.ts";
import type { CallerUse, StoredCaller } from "../../ports/caller-store.ts";
import type { StoredConnection } from "../../ports/connection-store.ts";
import type { ConsentLink, StoredConsent } from "../../ports/consent-store.ts";
import type { Deployment } from "../../ports/deployment-store.ts";
import type { StoredGrant, TokenVersion } from "../../ports/grant-store.ts";
import type { StoredCreate } from "../../ports/idempotency-store.ts";
import type { NodeReport, NodeRow } from "../../ports/node-store.ts";
import type { Delivery, OutboxNotice, StoredRecipient } from "../../ports/notice-store.ts";
import type { OperatorUse, StoredOperator } from "../../ports/operator-store.ts";
import type { AuditRecord, AuditSubject } from "../../ports/records.ts";
import type { StoredSession } from "../../ports/session-store.ts";
import { DueIndex } from "./due-index.ts";

/** What a memory database holds, for all nodes that share it. Rows are replaced, never changed in place. */
export class MemoryTables {
  readonly apps = new Map<AppId, StoredApp>();
  readonly grants = new Map<GrantId, StoredGrant>();
  readonly due = new DueIndex(this.grants);
  readonly tokens = new Map<TokenVersionId, TokenVersion>();
  readonly connections = new Map<ConnectionId, StoredConnection>();
  /** What the SQL stores have an index for: the connections that stand on a grant, and maybe some that no longer do. */
  readonly onGrant = new Map<GrantId, Set<ConnectionId>>();
  readonly links = new Map<string, ConsentLink>();
  readonly consents = new Map<ConsentId, StoredConsent>();
  readonly callers = new Map<CallerId, StoredCaller>();
  readonly callerUses = new Map<string, CallerUse>();
  /** When each used assertion expires, by its digest. */
  readonly assertions = new Map<string, number>();
  readonly operators = new Map<OperatorId, StoredOperator>();
  readonly operatorUses = new Map<string, OperatorUse>();
  readonly sessions = new Map<string, StoredSession>();
  readonly creates = new Map<string, StoredCreate>();
  readonly nodes = new Map<NodeId, NodeRow>();
  readonly reports = new Map<NodeId, NodeReport>();
  readonly erased = new Map<GrantId, number>();
  /** One chain per node. */
  readonly audit = new Map<NodeId, AuditRecord[]>();
  readonly outbox: MemoryNotice[] = [];
  readonly recipients = new Map<RecipientId, MemoryRecipient>();
  readonly deliveries = new Map<number, Delivery>();
  readonly matters = new Map<string, Matter>();
  deployment: Deployment | undefined;
  epoch = 0;
  /** The records of each subject, and how many of each chain are among them: made up to date when somebody asks. */
  readonly #stories = new Map<string, AuditRecord[]>();
  readonly #told = new Map<NodeId, number>();

  putConnection(connection: StoredConnection): void {
    this.connections.set(connection.id, connection);
    if (connection.grant === null) return;
    const known = this.onGrant.get(connection.grant);
    if (known === undefined) this.onGrant.set(connection.grant, new Set([connection.id]));
    else known.add(connection.id);
  }

  chainOf(node: NodeId): AuditRecord[] {
    const known = this.audit.get(node);
    if (known !== undefined) return known;
    const fresh: AuditRecord[] = [];
    this.audit.set(node, fresh);
    return fresh;
  }

  storyOf({ kind, id }: AuditSubject): readonly AuditRecord[] {
    for (const [node, records] of this.audit) {
      for (const record of records.slice(this.#told.get(node) ?? 0)) {
        const key = `${record.subject.kind}:${record.subject.id}`;
        const known = this.#stories.get(key);
        if (known === undefined) this.#stories.set(key, [record]);
        else known.push(record);
      }
      this.#told.set(node, records.length);
    }
    return this.#stories.get(`${kind}:${id}`) ?? [];
  }

  /** Everything as it is now. */
  snapshot(): MemorySnapshot {
    return {
      tables: this.#maps().map((table) => new Map(table)),
      audit: new Map([...this.audit].map(([node, records]) => [node, [...records]])),
      outbox: [...this.outbox],
      deployment: this.deployment,
      epoch: this.epoch,
    };
  }

  /** Goes back to an earlier state: what was written since is gone, as after a fail-over or from a backup. */
  restore(snapshot: MemorySnapshot): void {
    for (const [index, table] of this.#maps().entries()) {
      table.clear();
      for (const [key, row] of snapshot.tables[index] ?? []) table.set(key, row);
    }
    for (const [node, records] of this.audit) records.splice(0, records.length, ...(snapshot.audit.get(node) ?? []));
    this.#stories.clear();
    this.#told.clear();
    this.outbox.splice(0, this.outbox.length, ...snapshot.outbox);
    this.due.rebuild();
    this.deployment = snapshot.deployment;
    this.epoch = snapshot.epoch;
  }

  #maps(): readonly Map<unknown, unknown>[] {
    const { apps, grants, tokens, connections, links, consents, callers, callerUses, assertions } = this;
    const { nodes, reports, erased, recipients, deliveries, matters } = this;
    const { operators, operatorUses, sessions, creates } = this;
    const people = [callers, callerUses, assertions, recipients, deliveries, matters, operators, operatorUses];
    return [apps, grants, tokens, connections, links, consents, nodes, reports, erased, sessions, creates, ...people];
  }
}

/** A notice, and when somebody said who gets it. */
export interface MemoryNotice extends OutboxNotice {
  readonly distributedAtMs: number | null;
}

/** A recipient with its turns. */
export interface MemoryRecipient {
  readonly stored: StoredRecipient;
  readonly dueAtMs: number | null;
  readonly busyUntilMs: number;
  readonly turn: number;
  readonly lastSentAtMs: number | null;
}

/** A copy of a whole store, opaque to whoever keeps it. */
export interface MemorySnapshot {
  readonly tables: readonly ReadonlyMap<unknown, unknown>[];
  readonly audit: ReadonlyMap<NodeId, readonly AuditRecord[]>;
  readonly outbox: readonly MemoryNotice[];
  readonly deployment: Deployment | undefined;
  readonly epoch: number;
}
