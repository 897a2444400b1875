import type { NoticeVerdict, RecipientId } from "@evergrant/core";
import type { StoredRecipient } from "../ports/notice-store.ts";
import type { NoticePlace } from "./notice-place.ts";

/** Who gets a notice: each address once, although it may be named for the deployment and for a connection too. */
export function audienceOf(
  recipients: readonly StoredRecipient[],
  { tell, audience }: NoticeVerdict,
  { connections }: NoticePlace,
): readonly RecipientId[] {
  const concerned = new Set(connections.map(({ id }) => id));
  const byAddress = new Map<string, RecipientId>();
  for (const { id, channel, address, connection, only, disabledAtMs } of recipients) {
    const wants = tell !== null && disabledAtMs === null && (only === null || only.includes(tell));
    const concerns = connection === null || (audience === "everybody" && concerned.has(connection));
    const key = `${channel} ${address}`;
    if (wants && concerns && !byAddress.has(key)) byAddress.set(key, id);
  }
  return [...byAddress.values()];
}
