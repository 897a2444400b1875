import type { Consenting } from "./assemble-consents.ts";
import type { Refreshing } from "./assemble-refreshing.ts";
import { type ResumeConsent, reconcileJournal, replayJournal, wholeJournal } from "./journal-replay.ts";
import { leaveToOriginal } from "./leave-to-original.ts";
import { Quarantine } from "./quarantine.ts";
import type { ServiceContext } from "./service-context.ts";

/** The quarantine with what a node does before it may spend again: its journal goes into the store. */
export function assembleQuarantine(
  context: ServiceContext,
  { apps, views, settler, schedule, onScheduled, appWatch }: Refreshing,
  { runs }: Consenting,
): Quarantine {
  const resumeConsent: ResumeConsent = (consent, attempt, answer) => runs.resume(consent, attempt, answer);
  const replaying = { apps, settler, views, onScheduled, resumeConsent };
  return new Quarantine(context, {
    replay: {
      start: () => replayJournal(context, replaying),
      lastMoments: () => reconcileJournal(context, replaying),
      everything: () => replayJournal(context, replaying, wholeJournal(context)),
    },
    leaveToOriginal: (by) => leaveToOriginal(context, { apps, views }, by),
    onOpened: () => {
      schedule.touch(context.time.wallMs());
      appWatch.touch();
    },
  });
}
