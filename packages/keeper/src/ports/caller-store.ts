import type { CallerId, ConnectionId, Narrowing, WorkloadIdentity } from "@evergrant/core";
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
  readonly authentication: CallerAuthentication;
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

/** How a caller may show who it is besides its secrets, from where, and how often. */
export interface CallerAuthentication {
  /** Of its own key pairs (`private_key_jwt`); null: it has none. */
  readonly keys: KeySource | null;
  readonly workloads: readonly Workload[];
  /** CIDR; null: from anywhere. */
  readonly networks: readonly string[] | null;
  /** So many requests a minute and node, all of them at once; null: no limit of ours. */
  readonly requestsPerMinute: number | null;
}

export const SECRET_ALONE: CallerAuthentication = {
  keys: null,
  workloads: [],
  networks: null,
  requestsPerMinute: null,
};

/** Where public keys come from. */
export type KeySource =
  | { readonly kind: "keys"; readonly keys: readonly PublicKey[] }
  /** A JSON Web Key Set (RFC 7517 §5). */
  | { readonly kind: "url"; readonly url: string }
  /** A JSON Web Key Set in the folder `keys` of each node, by its file name alone. */
  | { readonly kind: "file"; readonly file: string };

/** A JSON Web Key without its private part (RFC 7517 §4). */
export type PublicKey = Readonly<Record<string, unknown>>;

/** A workload whose platform says who it is, and where the keys of that platform come from: `discovery` by its issuer. */
export type Workload = WorkloadIdentity & { readonly keys: KeySource | { readonly kind: "discovery" } };

/** When a credential of a caller was good for something last. */
export interface CallerUse {
  readonly caller: CallerId;
  /** A secret's id, `keys` or `workload`. */
  readonly credential: string;
  readonly atMs: number;
}

export interface CallerStore {
  list(): Promise<readonly StoredCaller[]>;
  find(id: CallerId): Promise<StoredCaller | undefined>;
  create(caller: StoredCaller, records: Records): Promise<"created" | "name-taken">;
  change(
    id: CallerId,
    decide: (caller: StoredCaller) => { caller: StoredCaller; records: Records } | null,
  ): Promise<boolean>;
  /** Writes down what is later than what stands there; not a change that nodes look for. */
  noteUses(uses: readonly CallerUse[]): Promise<void>;
  uses(): Promise<readonly CallerUse[]>;
  /** Grows with every change to callers, permissions, connections or apps' client secrets: what nodes poll. */
  epoch(): Promise<number>;
}
