import { type Chain, type ChainId, chainOf, type GrantId, type TokenVersionId } from "@evergrant/core";
import { checker } from "./checker.ts";

/** A sealed chain stays sealed: none of its tokens is presented again, and none stands in the chain after it. */
export const noCrossChainRevival = checker({
  id: "I16",
  name: "no cross-chain revival",
  kinds: ["rewound", "stored", "requested"],
  watch: (view) => {
    const current = new Map<GrantId, { readonly chain: ChainId; readonly sinceMs: number }>();
    return (event) => {
      switch (event.kind) {
        case "rewound":
          current.clear();
          return null;
        case "stored": {
          const chain = chainOf(event.after);
          if (chain === null) return null;
          if (current.get(event.grant)?.chain !== chain.id)
            current.set(event.grant, { chain: chain.id, sinceMs: event.atMs });
          const stranger = tokensOf(chain).find((version) => {
            const own = view.chainOf(version);
            return own !== undefined && own !== chain.id;
          });
          return stranger === undefined ? null : `${event.grant}: ${stranger} of another chain stands in ${chain.id}`;
        }
        case "requested": {
          const presented = view.versionOf(event.presents);
          const now = presented === undefined ? undefined : current.get(presented.grant);
          if (presented === undefined || now === undefined || now.chain === presented.chain) return null;
          // An attempt that had begun before the consent may still be on its way to its send.
          const lateMs = view.timing.sendDeadlineMs + view.timing.limits.pauseToleratedMs;
          return event.atMs - now.sinceMs <= lateMs
            ? null
            : `${event.node} presented ${event.presents} of the sealed chain ${presented.chain}`;
        }
      }
    };
  },
});

function tokensOf({ renewal }: Chain): readonly TokenVersionId[] {
  if (renewal.kind === "client-credentials") return [];
  const { head, previous, candidates } = renewal;
  return [head, ...(previous === null ? [] : [previous]), ...candidates].map(({ version }) => version);
}
