import type { AppId } from "@evergrant/core";
import type { ListPlace } from "./list-place.ts";
import type { Records } from "./records.ts";
import type { Sealed, WrappedKey } from "./sealer.ts";

/** Our OAuth client at a provider. */
export interface StoredApp {
  readonly id: AppId;
  readonly name: string;
  readonly provider: string;
  readonly clientId: string;
  readonly dataKey: WrappedKey;
  /** Newest first; empty for a public client. */
  readonly clientSecrets: readonly SealedClientSecret[];
  readonly scopes: readonly string[];
  /** An operator's replacement of the provider's origins; the only kind that may be http or loopback. */
  readonly origins: AppOrigins | null;
  readonly createdAtMs: number;
  /** What a refresh was seen to do to the access token before it, where the provider does not say. Absent: not seen yet. */
  readonly oldAccessToken?: OldAccessToken;
}

export type OldAccessToken = "survives" | "dies";

export interface SealedClientSecret {
  readonly id: string;
  readonly sealed: Sealed;
  readonly addedAtMs: number;
}

export interface AppOrigins {
  /** Authorization server: issuer, token and revocation endpoints. */
  readonly identity: string;
  /** Where the person's browser is sent; the same as `identity` for most. */
  readonly login: string;
  readonly api: string;
}

export interface AppStore {
  list(): Promise<readonly StoredApp[]>;
  /** The list from a place on. */
  page(after: ListPlace | null, limit: number): Promise<readonly StoredApp[]>;
  find(id: AppId): Promise<StoredApp | undefined>;
  findByName(name: string): Promise<StoredApp | undefined>;
  create(app: StoredApp, records: Records): Promise<"created" | "name-taken">;
  replaceScopes(id: AppId, scopes: readonly string[], records: Records): Promise<"done" | "unknown">;
  /** Keeps what was seen; the first answer stays. */
  learnOldAccessToken(id: AppId, seen: OldAccessToken, records: Records): Promise<"done" | "known" | "unknown">;
  replaceSecrets(id: AppId, secrets: readonly SealedClientSecret[], records: Records): Promise<"done" | "unknown">;
}
