import type { OperatorId, OperatorRole } from "@evergrant/core";
import type { Sealed, WrappedKey } from "../../ports/sealer.ts";
import type { Json } from "./json.ts";

/** Who runs Evergrant, who of them has signed in, and what they asked to be made. */
export interface OperatorTables {
  readonly operator: OperatorTable;
  readonly operator_use: OperatorUseTable;
  readonly operator_session: OperatorSessionTable;
  readonly idempotent_create: IdempotentCreateTable;
}

export interface OperatorTable {
  readonly id: OperatorId;
  readonly name: string;
  readonly role: OperatorRole;
  readonly keys: Json;
  readonly identity: Json | null;
  readonly disabled_at_ms: number | null;
  readonly created_at_ms: number;
}

/** When each key of an operator was used last. */
interface OperatorUseTable {
  readonly operator_id: OperatorId;
  readonly credential: string;
  readonly used_at_ms: number;
}

interface OperatorSessionTable {
  readonly sha256: string;
  readonly operator_id: OperatorId;
  readonly credential: string;
  readonly started_at_ms: number;
  readonly seen_at_ms: number;
}

/** `data_key` and `answer` are there together or not at all; both are empty where they were erased. */
export interface IdempotentCreateTable {
  readonly key: string;
  readonly request_mac: string;
  readonly started_at_ms: number;
  readonly connections: Json;
  readonly data_key: WrappedKey | null;
  readonly answer: Sealed | null;
}
