import type { CallerId, ConnectionId, Narrowing } from "@evergrant/core";
import type { Records } from "./records.ts";

export const RIGHTS = ["token", "gateway", "forward", "observe", "consent"] as const;
export type Right = (typeof RIGHTS)[number];

export interface Permission {
  readonly connection: ConnectionId;
  readonly right: Right;
  /** Of `gateway` alone; absent: every call through this connection. */
  readonly only?: Narrowing;
}

/** A server of yours: an OAuth client of Evergrant. */
export interface StoredCaller {
  readonly id: CallerId;
  readonly name: string;
  /** SHA-256 of 256-bit random values, hex. Two may live at once, so that one can be replaced without a gap. */
  readonly secrets: readonly CallerSecret[];
  readonly permissions: readonly Permission[];
  readonly disabledAtMs: number | null;
  readonly createdAtMs: number;
}

export interface CallerSecret {
  readonly id: string;
  readonly sha256: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
}

export interface CallerStore {
  list(): Promise<readonly StoredCaller[]>;
  find(id: CallerId): Promise<StoredCaller | undefined>;
  create(caller: StoredCaller, records: Records): Promise<"created" | "name-taken">;
  change(
    id: CallerId,
    decide: (caller: StoredCaller) => { caller: StoredCaller; records: Records } | null,
  ): Promise<boolean>;
  /** Grows with every change to callers, permissions, connections or apps' client secrets: what nodes poll. */
  epoch(): Promise<number>;
}
