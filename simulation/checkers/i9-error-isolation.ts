import { checker } from "./checker.ts";

/** A grant comes before the court, or is lost, only because the provider refused one of its own tokens: nothing of ours or the app's does that. */
export const errorIsolation = checker({
  id: "I9",
  name: "isolation of error classes",
  kinds: ["requested", "answered", "stored"],
  watch: (view) => {
    const presents = new Map<number, string>();
    const refusedSinceStored = new Map<string, boolean>();
    return (event) => {
      switch (event.kind) {
        case "requested":
          presents.set(event.request, event.presents);
          return null;
        case "answered": {
          const token = presents.get(event.request) ?? "";
          const grant = view.versionOf(token)?.grant;
          if (grant !== undefined && event.outcome === "rejected") refusedSinceStored.set(grant, true);
          presents.delete(event.request);
          return null;
        }
        case "stored": {
          const { before, after, grant } = event;
          const worsened =
            (after.kind === "in-court" && before.kind === "live") ||
            (after.kind === "consent-needed" && before.kind !== "consent-needed");
          if (!worsened) return null;
          return refusedSinceStored.get(grant) === true
            ? null
            : `${event.node} moved ${grant} from ${before.kind} to ${after.kind}, but the provider never refused it`;
        }
      }
    };
  },
});
