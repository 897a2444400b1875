import type { ConsentId, Secret } from "@evergrant/core";
import type { ConsentResult } from "./consenting.ts";

/** What faces may ask about refresh tokens that operators bring from elsewhere. */
export interface Imports {
  /**
   * Takes refresh tokens over: all are looked at before any is sent, then each is spent once, as a refresh is, and kept for whoever the
   * provider says it belongs to. Answers after a bounded wait; what is `pending` then goes on by itself.
   * @throws import_token_known · import_refused · app_unknown · connection_unknown · kind_mismatch · import_needs_consent: nothing was sent then
   */
  begin(tokens: readonly NewImport[], by: string): Promise<readonly ImportView[]>;
  /** Looks as `begin` does, and sends nothing. Throws as it does. */
  check(tokens: readonly NewImport[]): Promise<void>;
  /** What has become of one. @throws consent_unknown */
  read(id: ConsentId): Promise<ImportView>;
}

export interface NewImport {
  /** Made where there is none of this name. */
  readonly connection: string;
  /** The app that the token was issued to; null: the one that the connection has. */
  readonly app: string | null;
  readonly refreshToken: Secret;
  /** Id or name of an organisation that it has to reach; null: the one that the connection expects, if any. */
  readonly expectedTenant: string | null;
  /** The provider's name for the person it has to belong to; null: whoever the provider says. */
  readonly expectedSubject: string | null;
}

export interface ImportView {
  /** The consent that the import is kept as: held ones are decided by it. */
  readonly id: ConsentId;
  readonly result: ConsentResult;
  /** Why it is not verified yet, in the words of the last failure; null where there was none. */
  readonly trouble: string | null;
}
