import type { GrantId } from "@evergrant/core";
import { checker } from "./checker.ts";

/** Any number of callers at any number of nodes at one moment make one request of the provider. */
export const stampede = checker({
  id: "I15",
  name: "stampede",
  kinds: ["storm", "requested"],
  watch: (view) => {
    const storms = new Map<GrantId, { readonly atMs: number; requests: number; readonly callers: number }>();
    return (event) => {
      switch (event.kind) {
        case "storm":
          if (event.clean) storms.set(event.grant, { atMs: event.atMs, requests: 0, callers: event.callers });
          return null;
        case "requested": {
          const grant = view.versionOf(event.presents)?.grant;
          const storm = grant === undefined ? undefined : storms.get(grant);
          if (storm === undefined || grant === undefined) return null;
          if (event.atMs - storm.atMs > view.timing.limits.callerWaitMs) {
            storms.delete(grant);
            return null;
          }
          storm.requests += 1;
          return storm.requests === 2
            ? `${storm.callers} callers per node at once made two requests for ${grant}`
            : null;
        }
      }
    };
  },
});
