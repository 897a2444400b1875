import type { AppStore } from "./app-store.ts";
import type { AssertionStore } from "./assertion-store.ts";
import type { AuditStore } from "./audit-store.ts";
import type { CallerStore } from "./caller-store.ts";
import type { ConnectionStore } from "./connection-store.ts";
import type { ConsentStore } from "./consent-store.ts";
import type { DeploymentStore } from "./deployment-store.ts";
import type { GrantStore } from "./grant-store.ts";
import type { IdempotencyStore } from "./idempotency-store.ts";
import type { NodeStore } from "./node-store.ts";
import type { NoticeStore } from "./notice-store.ts";
import type { OperatorStore } from "./operator-store.ts";
import type { SessionStore } from "./session-store.ts";
import type { WrappedKeyStore } from "./wrapped-key-store.ts";

/**
 * One database, one port per matter. Every method rejects with `store_unavailable` when the database does not answer; what a
 * change was to do may then have been done all the same. Text comes back well-formed and with U+FFFD for U+0000.
 */
export interface Store {
  readonly grants: GrantStore;
  readonly apps: AppStore;
  readonly connections: ConnectionStore;
  readonly consents: ConsentStore;
  readonly callers: CallerStore;
  readonly assertions: AssertionStore;
  readonly audit: AuditStore;
  readonly deployment: DeploymentStore;
  readonly nodes: NodeStore;
  readonly operators: OperatorStore;
  readonly sessions: SessionStore;
  readonly idempotency: IdempotencyStore;
  readonly notices: NoticeStore;
  readonly wrappedKeys: WrappedKeyStore;
  close(): Promise<void>;
}
