import type { Quarantine } from "@evergrant/contract";
import { localInstant } from "./instants.ts";
import { printable } from "./table.ts";

/** Why a node spends nothing, and what each answer would mean. */
export function quarantineText(found: Quarantine): string {
  switch (found.state) {
    case "none":
      return [`Not in quarantine: the database is the one that this node knows.`, ...lastRelease(found)].join("\n");
    case "merging":
      return `Released as ${found.released?.as ?? "restored"}: what the journals hold is being put into the database. Nothing is spent until that is done.`;
    case "held":
      return [
        `In quarantine${found.sinceMs === null ? "" : ` since ${localInstant(found.sinceMs)}`}: valid tokens are served, nothing is spent.`,
        "",
        "  What was found:",
        ...found.because.map((each) => `    ${printable(each.found)} (${each.reason})`),
        "",
        ...ANSWERS,
      ].join("\n");
  }
}

const ANSWERS = [
  "  If this database was put back from a backup, and no other Evergrant works on a copy of it:",
  "    evergrant quarantine release --as restored",
  "    Whatever the journals of the running nodes hold is put into it first, so start all nodes before. Connections whose",
  "    tokens are gone for good are found out one by one and need a new consent.",
  "",
  "  If it is a copy of a database with which another Evergrant goes on (staging, a trial, the other half of a split):",
  "    evergrant quarantine release --as cloned",
  "    Every connection that lives by a refresh token is left to the other one and never used here; each needs a consent",
  "    of its own. Custom Connections go on. This cannot be taken back.",
  "",
  "  If it is the wrong database or folder: stop this node and give it the right one. Nothing has been spent.",
] as const;

function lastRelease({ released }: Quarantine): readonly string[] {
  return released === null ? [] : [`It was last released as ${released.as} on ${localInstant(released.atMs)}.`];
}
