import type { AttemptId, ChainId, GrantId, Secret, TokenAnswer, TokenVersionId } from "@evergrant/core";
import { NO_DATA_KEY, type StoredGrant, type TokenVersion } from "../ports/grant-store.ts";
import type { SealContext, Sealer } from "../ports/sealer.ts";
import type { ServiceContext } from "./service-context.ts";
import { persistently } from "./waiting.ts";

/** What a provider's answer becomes before it is stored. */
export interface Received {
  readonly attempt: AttemptId;
  readonly chain: ChainId;
  readonly parent: TokenVersionId | null;
  readonly answer: TokenAnswer;
  readonly receivedAtMs: number;
  readonly accessExpiresAtMs: number;
}

/** One version per attempt, named after it: settling or replaying the same attempt twice makes the same row. */
export function versionOf(attempt: AttemptId): TokenVersionId {
  return attempt.replace(/^at_/, "tv_") as TokenVersionId;
}

/** Whether the store has what this attempt brought. @throws store_unavailable */
export async function isStored(
  context: Pick<ServiceContext, "store" | "time" | "limits">,
  attempt: AttemptId,
): Promise<boolean> {
  return (await persistently(context, () => context.store.grants.token(versionOf(attempt)))) !== undefined;
}

export function sealVersion(
  sealer: Sealer,
  grant: Pick<StoredGrant, "id" | "dataKey">,
  received: Received,
): TokenVersion {
  const id = versionOf(received.attempt);
  const seal = (kind: SealContext["kind"], plain: Secret) =>
    sealer.seal(grant.dataKey, { owner: grant.id, chain: received.chain, kind, version: id }, plain);
  const { accessToken, refreshToken, scope } = received.answer;
  return {
    id,
    grant: grant.id,
    chain: received.chain,
    parent: received.parent,
    receivedAtMs: received.receivedAtMs,
    accessToken: seal("access-token", accessToken),
    accessExpiresAtMs: received.accessExpiresAtMs,
    refreshToken: refreshToken === null ? null : seal("refresh-token", refreshToken),
    refreshFingerprint: refreshToken === null ? null : fingerprint(sealer, refreshToken),
    scope,
  };
}

export function openToken(
  sealer: Sealer,
  grant: { readonly id: GrantId; readonly dataKey: StoredGrant["dataKey"] },
  version: TokenVersion,
  kind: "access-token" | "refresh-token",
): Secret | null {
  const sealed = kind === "access-token" ? version.accessToken : version.refreshToken;
  return sealed === null || grant.dataKey === NO_DATA_KEY
    ? null
    : sealer.open(grant.dataKey, { owner: grant.id, chain: version.chain, kind, version: version.id }, sealed);
}

/** Recognises a refresh token without opening anything: only this deployment can make it. */
export function fingerprint(sealer: Sealer, refreshToken: Secret): string {
  return sealer.authenticate("token-fingerprint", refreshToken.reveal());
}
