import { chainOf } from "@evergrant/core";
import type { ReceivedConsent } from "../ports/consent-store.ts";
import type { GrantStore } from "../ports/grant-store.ts";

/**
 * I16 no cross-chain revival: whether another consent of the same person, whose tokens came later, is in use. One that comes out of a
 * journal, or a late yes, never takes the place of what sealed it: the person may have taken the older one back since.
 */
export async function isSuperseded(
  grants: Pick<GrantStore, "load" | "token" | "tokensOfChain">,
  received: Pick<ReceivedConsent, "grant" | "chain" | "version">,
): Promise<boolean> {
  const grant = await grants.load(received.grant);
  const chain = grant === undefined ? null : chainOf(grant.state);
  if (chain === null || chain.id === received.chain) return false;
  const [began] = await grants.tokensOfChain(received.grant, chain.id);
  const own = await grants.token(received.version);
  return began !== undefined && own !== undefined && began.receivedAtMs > own.receivedAtMs;
}
