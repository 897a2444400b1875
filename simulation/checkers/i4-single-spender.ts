import { checker } from "./checker.ts";

interface Under {
  readonly request: number;
  readonly node: string;
  readonly leftAtMs: number;
  readonly mayBeLate: boolean;
}

/** Two requests with the same refresh token are on their way at once only if a pause came between a check and a send, or a repeat is documented. */
export const singleSpender = checker({
  id: "I4",
  name: "single spender",
  kinds: ["paused", "requested", "gone"],
  watch: (view) => {
    const onTheirWay = new Map<string, Under[]>();
    const tokenOf = new Map<number, string>();
    const pausedAtMs = new Map<string, number>();
    return (event) => {
      switch (event.kind) {
        case "paused":
          pausedAtMs.set(event.node, event.atMs + event.forMs);
          return null;
        case "requested": {
          if (event.grantType !== "refresh_token") return null;
          const others = onTheirWay.get(event.presents) ?? [];
          // A pause that ended a lease ago at most may have held this node up anywhere before its send.
          const wokeAtMs = pausedAtMs.get(event.node);
          const mayBeLate = wokeAtMs !== undefined && event.atMs - wokeAtMs < view.timing.limits.leaseMs;
          const own = { request: event.request, node: event.node, leftAtMs: event.atMs, mayBeLate };
          onTheirWay.set(event.presents, [...others, own]);
          tokenOf.set(event.request, event.presents);
          if (mayBeLate || view.timing.policy.repeatsDocumented) return null;
          const clash = others.find((other) => !other.mayBeLate);
          return clash === undefined
            ? null
            : `${event.node} presented ${event.presents} while ${clash.node} still had it on its way (since ${event.atMs - clash.leftAtMs} ms)`;
        }
        case "gone": {
          const token = tokenOf.get(event.request);
          if (token === undefined) return null;
          tokenOf.delete(event.request);
          const left = (onTheirWay.get(token) ?? []).filter(({ request }) => request !== event.request);
          if (left.length === 0) onTheirWay.delete(token);
          else onTheirWay.set(token, left);
          return null;
        }
      }
    };
  },
});
