import type { Journal } from "../ports/journal.ts";
import type { Observe } from "../ports/observation.ts";
import type { Time } from "../ports/time.ts";

/** The same journal; each of its appends is told, with how long the disk took. */
export function observedJournal(journal: Journal, time: Pick<Time, "monotonicMs">, observe: Observe): Journal {
  return {
    append: async (record) => {
      const begunMs = time.monotonicMs();
      const told = (outcome: "written" | "failed") =>
        observe({ kind: "journal-append", outcome, tookMs: Math.max(0, time.monotonicMs() - begunMs) });
      try {
        const position = await journal.append(record);
        told("written");
        return position;
      } catch (error) {
        told("failed");
        throw error;
      }
    },
    read: (from) => journal.read(from),
    firstPosition: () => journal.firstPosition(),
    forgetBefore: (atMs) => journal.forgetBefore(atMs),
    erase: (isErased) => journal.erase(isErased),
    close: () => journal.close(),
  };
}
