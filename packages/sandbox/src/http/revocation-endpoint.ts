import { authenticateApp, type PresentedClient, revokePresented } from "../engine/index.ts";
import type { JournalEntry } from "../request-journal.ts";
import type { World } from "../world.ts";

export type Revoked =
  | { readonly kind: "refused"; readonly error: "invalid_request" | "invalid_client"; readonly outcome: string }
  | {
      readonly kind: "answered";
      readonly outcome: string;
      readonly committed: boolean;
      readonly token: JournalEntry["token"];
    };

/** RFC 7009: an authenticated client is answered 200 whatever the token was. */
export async function revokePresentedToken(
  world: World,
  request: { readonly token: string | null; readonly clients: readonly PresentedClient[] },
): Promise<Revoked> {
  const { token } = request;
  if (token === null || token === "") return { kind: "refused", error: "invalid_request", outcome: "token-missing" };
  const claims = await world.keys.read(token);
  const accessTokenId = typeof claims?.jti === "string" ? claims.jti : null;
  return world.engine.run(world.clock.nowMs(), (turn): Revoked => {
    const app = authenticateApp(turn, request.clients);
    if (app === null) return { kind: "refused", error: "invalid_client", outcome: "invalid-client" };
    const hash = turn.mint.hash(token);
    const generation = turn.draft.get("refreshTokens", hash)?.generation ?? null;
    const outcome = revokePresented(turn, { clientId: app.clientId, token, accessTokenId });
    const committed = outcome === "grant-revoked" || outcome === "access-token-revoked";
    return { kind: "answered", outcome, committed, token: { hashPrefix: hash.slice(0, 12), generation } };
  });
}
