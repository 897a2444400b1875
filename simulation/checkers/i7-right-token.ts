import { checker } from "./checker.ts";

/** A served access token belongs to the connection that was asked for, is not expired, and says the truth about its end. */
export const rightToken = checker({
  id: "I7",
  name: "right token",
  kinds: ["served"],
  watch: (view) => (event) => {
    if (event.kind !== "served") return null;
    const facts = view.accessFacts(event.accessToken);
    const served = `${event.node} served ${event.connection}`;
    if (facts === undefined) return `${served} with a token that the provider never issued`;
    if (facts.person !== event.owner) return `${served} with a token of ${facts.person ?? "the app"}`;
    if (event.disabledSinceMs !== null)
      return `${served}, which had been disabled ${event.atMs - event.disabledSinceMs} ms before`;
    const leftMs = facts.expiresAtMs - event.atMs;
    // Alone, and started while its clock was behind: what it holds may be older than it can know.
    if (event.misled) return null;
    if (leftMs <= 0) return `${served} with a token that expired ${-leftMs} ms ago`;
    if (event.expiresInMs > leftMs)
      return `${served} with a token said to live ${event.expiresInMs} ms, but it lives ${leftMs} ms`;
    return null;
  },
});
