import { chainOf, type GrantId } from "@evergrant/core";
import type { GrantRefresher } from "./grant-refresher.ts";
import type { LiveTokens } from "./live-tokens.ts";
import type { ServiceContext } from "./service-context.ts";

/**
 * Asks for a new token of a Custom Connection although the one in hand has not expired: there is no list that would tell whether it
 * was deactivated, and asking spends nothing. Does nothing for grants that a person gave.
 */
export async function askAnew(
  context: ServiceContext,
  parts: { readonly live: LiveTokens; readonly refresher: () => GrantRefresher },
  id: GrantId,
): Promise<void> {
  const { store, time, limits } = context;
  const grant = await store.grants.load(id);
  const chain = grant === undefined ? null : chainOf(grant.state);
  if (chain === null || chain.renewal.kind !== "client-credentials") return;
  const version = chain.access?.version;
  if (version !== undefined && !parts.live.markRefused(id, { version, atMs: time.wallMs() }, 0)) return;
  await parts.refresher().drive(id, { waitedForMs: limits.minTtlMs });
}
