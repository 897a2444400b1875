import type { OperatorId, OperatorRole, Secret } from "@evergrant/core";
import type { OperatorIdentity } from "../ports/operator-store.ts";
import type { Page, PageAsk } from "./pages.ts";

/** The people who run Evergrant: who they are, what they may, and what they asked for. */
export interface Operators {
  /** Whose key this is, compared by hashes in constant time; null where nobody comes in by it (any more). */
  byKey(key: Secret): Promise<OperatorPrincipal | null>;
  /** Who signed in somewhere else; null where nobody here is known by that. */
  byIdentity(person: SignedInPerson): Promise<OperatorPrincipal | null>;
  /** Whether somebody who came in by a key or as themselves would still come in so, and with which role now. */
  again(operator: Pick<OperatorPrincipal, "id" | "credential">): Promise<OperatorPrincipal | null>;
  /** Writes into the audit what an operator asked for and what came of it; looks at one thing once in a while. Never throws. */
  noteRequest(operator: OperatorPrincipal, request: OperatorRequest): Promise<void>;
  list(): Promise<readonly OperatorView[]>;
  /** The list, oldest first. */
  page(from: PageAsk): Promise<Page<OperatorView>>;
  /** @throws name_taken · operator_identity_taken · input_invalid where the key would have expired already */
  add(operator: NewOperator): Promise<AddedOperator>;
  /** @throws operator_unknown · operator_last_admin */
  setRole(name: string, role: OperatorRole, by: string): Promise<OperatorView>;
  /** How they are known where they sign in; null: they come in by their keys alone. @throws operator_unknown · operator_identity_taken */
  setIdentity(name: string, identity: OperatorIdentity | null, by: string): Promise<OperatorView>;
  /** Adds one in front of the other; of those before, only the newest that has not expired stays. @throws operator_unknown · operator_last_admin · input_invalid */
  addKey(name: string, key: NewOperatorKey & { readonly by: string }): Promise<{ readonly operatorKey: Secret }>;
  /** @throws operator_unknown · operator_key_unknown · operator_last_admin */
  removeKey(name: string, key: string, by: string): Promise<OperatorView>;
  /** @throws operator_unknown · operator_last_admin */
  setDisabled(name: string, disabled: boolean, by: string): Promise<OperatorView>;
}

/** Operators at a browser, who signed in once. */
export interface OperatorSessions {
  /** The random value that the browser is to hold; kept here as a hash. */
  begin(operator: OperatorPrincipal): Promise<Secret>;
  /** Whose session it is; null where it has ended, by time, by hand, or with what it was begun by. */
  find(session: Secret): Promise<OperatorPrincipal | null>;
  end(session: Secret): Promise<void>;
}

/** An operator who came in. */
export interface OperatorPrincipal {
  readonly id: OperatorId;
  readonly name: string;
  readonly role: OperatorRole;
  /** By what: the id of a key, or `identity`. */
  readonly credential: string;
}

/** What an ID token says of somebody (OpenID Connect Core §2, §5.1). */
export interface SignedInPerson {
  readonly issuer: string;
  readonly subject: string;
  /** Null where the issuer does not say that it verified one. */
  readonly verifiedEmail: string | null;
}

export interface OperatorRequest {
  readonly operation: string;
  /** What it was about, by name or id; empty where it was about nothing in particular. */
  readonly target: string;
  readonly kind: "look" | "change";
  /** The HTTP status that was answered. */
  readonly status: number;
  /** The code of the refusal; null where there was none. */
  readonly code: string | null;
}

export interface NewOperatorKey {
  /** Null: it is good until it is taken away. */
  readonly expiresAtMs: number | null;
}

export interface NewOperator {
  readonly name: string;
  readonly role: OperatorRole;
  /** Null: none; they can only sign in somewhere else. */
  readonly key: NewOperatorKey | null;
  readonly identity: OperatorIdentity | null;
  readonly by: string;
}

export interface AddedOperator {
  readonly operator: OperatorView;
  /** Shown this once; kept as a hash. */
  readonly operatorKey: Secret | null;
}

export interface OperatorView {
  readonly id: OperatorId;
  readonly name: string;
  readonly role: OperatorRole;
  readonly keys: readonly {
    readonly id: string;
    readonly createdAtMs: number;
    readonly expiresAtMs: number | null;
    readonly lastUsedAtMs: number | null;
  }[];
  readonly identity: OperatorIdentity | null;
  readonly identityLastUsedAtMs: number | null;
  readonly disabledAtMs: number | null;
  readonly createdAtMs: number;
}
