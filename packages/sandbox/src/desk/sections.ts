import type { Html } from "../http/html.ts";
import { clockForm, clockNow } from "./clock-section.ts";
import { faultForm, placedFaults } from "./fault-section.ts";
import { journalSection } from "./journal-section.ts";
import { peopleSection } from "./people-section.ts";
import { keptSnapshots, snapshotForm } from "./snapshot-section.ts";
import { treesSection } from "./trees-section.ts";
import { verifySection } from "./verify-section.ts";
import type { DeskVisit } from "./visit.ts";

/** A part of the page: what is shown anew whenever something changed, and the form below it, which stays as it is being filled in. */
export interface Section {
  readonly id: string;
  readonly title: string;
  live(visit: DeskVisit): Html;
  form?(visit: DeskVisit): Html;
}

export const SECTIONS: readonly Section[] = [
  { id: "clock", title: "Time", live: clockNow, form: clockForm },
  { id: "verify", title: "Invariants", live: verifySection },
  { id: "trees", title: "Tokens", live: treesSection },
  { id: "faults", title: "Faults", live: placedFaults, form: faultForm },
  { id: "requests", title: "Requests", live: journalSection },
  { id: "snapshots", title: "Snapshots", live: keptSnapshots, form: snapshotForm },
  { id: "people", title: "Apps, people, organisations", live: peopleSection },
];
