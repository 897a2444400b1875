import type { WrappedKey } from "./sealer.ts";

/** Whose data keys there are. */
export const KEY_OWNERS = ["grant", "app", "consent", "notice_recipient", "idempotent_create"] as const;
export type KeyOwner = (typeof KEY_OWNERS)[number];

export interface WrappedRow {
  /** The id of a grant, app, consent or recipient; the key of a create. */
  readonly owner: string;
  readonly dataKey: WrappedKey;
}

/** Every data key of the store, as it is wrapped. A key is only ever replaced by the same key, wrapped otherwise. */
export interface WrappedKeyStore {
  /** Those that are wrapped by another key than this one, by owner, from the one after `after`. */
  notWrappedBy(
    keyId: string,
    kind: KeyOwner,
    page: { readonly after: string | null; readonly limit: number },
  ): Promise<readonly WrappedRow[]>;
  /** False, and nothing written, where another stands there by now. */
  replace(kind: KeyOwner, row: WrappedRow, by: WrappedKey): Promise<boolean>;
  /** How many are wrapped by another key than this one; counted no further than `atMost`. */
  countNotWrappedBy(keyId: string, kind: KeyOwner, atMost: number): Promise<number>;
}
