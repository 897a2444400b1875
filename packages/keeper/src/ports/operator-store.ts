import type { OperatorId, OperatorRole } from "@evergrant/core";
import type { Records } from "./records.ts";

/** A person who runs Evergrant. Never removed: the audit names them. */
export interface StoredOperator {
  readonly id: OperatorId;
  readonly name: string;
  readonly role: OperatorRole;
  /** Two may live at once, so that one can be replaced without a gap. */
  readonly keys: readonly OperatorKey[];
  /** Null: by their keys alone. */
  readonly identity: OperatorIdentity | null;
  readonly disabledAtMs: number | null;
  readonly createdAtMs: number;
}

/** SHA-256 of a 256-bit random value, hex. */
export interface OperatorKey {
  readonly id: string;
  readonly sha256: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
}

/** Who somebody is where they sign in (OpenID Connect Core §2), compared character for character. */
export type OperatorIdentity =
  | { readonly kind: "subject"; readonly issuer: string; readonly subject: string }
  /** Only an address that the issuer says it has verified. */
  | { readonly kind: "email"; readonly issuer: string; readonly email: string };

/** When a key of an operator was good for something last. */
export interface OperatorUse {
  readonly operator: OperatorId;
  /** A key's id, or `identity`. */
  readonly credential: string;
  readonly atMs: number;
}

export interface OperatorStore {
  /** In the order in which they were made. */
  list(): Promise<readonly StoredOperator[]>;
  /** `taken`: somebody has this name, or this id. */
  create(operator: StoredOperator, records: Records): Promise<"created" | "taken">;
  /**
   * Reads all, lets `decide` answer for one of them (null: leave it), writes: one transaction that no other change of an operator
   * comes between. False where there is no such operator.
   */
  change(
    id: OperatorId,
    decide: (
      operator: StoredOperator,
      others: readonly StoredOperator[],
    ) => { operator: StoredOperator; records: Records } | null,
  ): Promise<boolean>;
  /** Writes it down if it is later than what stands there. */
  noteUse(use: OperatorUse): Promise<void>;
  uses(): Promise<readonly OperatorUse[]>;
}
