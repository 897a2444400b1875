import type { NodeId, QuarantineReason } from "@evergrant/core";
import type { NodeRow } from "./node-store.ts";
import type { Records } from "./records.ts";

/** The one row that says which deployment a database is. */
export interface Deployment {
  readonly id: string;
  /** Drawn anew when an operator says that the database was restored or cloned. */
  readonly incarnation: number;
  /** A known text sealed under the key-encryption key: a key that does not open it is the wrong one. */
  readonly keyCheck: string;
  readonly createdAtMs: number;
  readonly operatorKeySha256: string;
  /** Why no node may spend on this store; null while they may. */
  readonly quarantine: StoredQuarantine | null;
  /** The last release; null before the first. */
  readonly released: Release | null;
  /** Which key of the ring wraps what is new, at every node. Absent: the first that the ring names. */
  readonly primaryKey?: string;
}

/** That a store may have been restored or copied, as one node found. */
export interface StoredQuarantine {
  readonly because: readonly QuarantineReason[];
  readonly node: NodeId;
  readonly sinceMs: number;
}

/** What an operator said a store in quarantine is. */
export type ReleasedAs = "restored" | "cloned";

/** An operator's word on a store, and the incarnation that it ended. */
export interface Release {
  readonly as: ReleasedAs;
  readonly from: number;
  readonly atMs: number;
}

export interface DeploymentStore {
  read(): Promise<Deployment | undefined>;
  /** The same, and beside it what every node told of itself, by id: both of one moment. No nodes where there is no deployment. */
  readWithNodes(): Promise<{ readonly deployment: Deployment | undefined; readonly nodes: readonly NodeRow[] }>;
  /** Only for an empty store; answers what is there then, ours or another node's. */
  create(deployment: Deployment): Promise<Deployment>;
  /** Keeps all nodes of this incarnation from spending. False, and nothing written, where they are kept from it already or it has ended. */
  quarantine(incarnation: number, found: StoredQuarantine, records: Records): Promise<boolean>;
  /** Names another primary key. False, and nothing written, where another than `from` is named by now. */
  setPrimaryKey(from: string | null, to: string, records: Records): Promise<boolean>;
  /** Puts the same key-check value, wrapped otherwise, in the place of this one. False where another stands there by now. */
  replaceKeyCheck(from: string, to: string): Promise<boolean>;
  /** Ends an incarnation, and its quarantine with it. False, and nothing written, where it has ended already. */
  release(release: Release & { readonly to: number }, records: Records): Promise<boolean>;
}
