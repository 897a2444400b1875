import type { AttemptId } from "@evergrant/core";
import { checker } from "./checker.ts";

/** An answer that came just now is on its way into the store. */
const ON_ITS_WAY_MS = 60_000;

/** Every answer with tokens is durable before it is used, and stays in the store: as head, as candidate, or sealed. */
export const neverDiscard = checker({
  id: "I6",
  name: "never discard",
  kinds: ["failed", "served", "journaled", "stored", "disk-lost", "phase"],
  watch: (view) => {
    const unstored = new Map<AttemptId, { readonly node: string; readonly atMs: number }>();
    const unwritable = new Set<string>();
    return (event) => {
      switch (event.kind) {
        case "failed":
          // Where the journal could not be written the answer goes into the store alone: the best that can be done for it.
          if (event.what === "journal") unwritable.add(event.node);
          return null;
        case "served":
          return unwritable.has(event.node) || view.isDurable(event.accessToken)
            ? null
            : `${event.node} served ${event.connection} from an answer that is on no disk`;
        case "journaled":
          if (
            event.record.kind === "answer" &&
            event.record.status === 200 &&
            event.record.subject.kind === "grant" &&
            event.record.body.reveal().includes('"refresh_token"')
          )
            unstored.set(event.record.attempt, { node: event.node, atMs: event.atMs });
          return null;
        case "stored":
          for (const token of event.tokens) unstored.delete(token.id.replace(/^tv_/, "at_") as AttemptId);
          return null;
        case "disk-lost":
          for (const [attempt, { node }] of unstored) if (node === event.node) unstored.delete(attempt);
          return null;
        case "phase": {
          if (event.phase !== "quiet" && event.phase !== "end") return null;
          const left = [...unstored].filter(([, { atMs }]) => atMs + ON_ITS_WAY_MS < event.atMs);
          const names = left.map(([attempt, { node }]) => `${attempt} in the journal of ${node}`);
          return left.length === 0 ? null : `answers never reached the store: ${names.join(", ")}`;
        }
      }
    };
  },
});
