import { type AttemptId, type GrantId, type NodeId, Secret } from "@evergrant/core";
import { expect, test } from "vitest";
import type { JournalRecord, JournalSubject } from "../ports/journal.ts";
import { WatchedJournal } from "./watched-journal.ts";

const subject = { kind: "grant", grant: "gr_1" as GrantId, token: null } as JournalSubject;
const common = (attempt: string) => ({ attempt: attempt as AttemptId, subject, atMs: 0 });
const intent = (attempt: string): JournalRecord => ({
  kind: "intent",
  ...common(attempt),
  ...{ fence: 1, leaseUntilMs: 90_000, spends: null },
});
const answer = (attempt: string): JournalRecord => ({
  kind: "answer",
  ...common(attempt),
  status: 200,
  body: new Secret("{}"),
});
const settled = (attempt: string): JournalRecord => ({ kind: "settled", attempt: attempt as AttemptId, atMs: 0 });

function watched(): WatchedJournal {
  const records: JournalRecord[] = [];
  return new WatchedJournal({
    node: "n" as NodeId,
    get lastPosition() {
      return records.length;
    },
    append: async (record) => records.push(record),
    read: async () => [],
    firstPosition: async () => 1,
    forgetBefore: async () => undefined,
    erase: async () => 0,
    close: async () => undefined,
  });
}

test("nothing may be told before the store was met, and never less than was told", async () => {
  const journal = watched();
  for (const record of [intent("at_1"), answer("at_1"), settled("at_1")]) await journal.append(record);
  expect(journal.mark()).toMatchObject({ end: 3, acknowledged: Number.MAX_SAFE_INTEGER });
  journal.acknowledge(3);
  journal.acknowledge(1);
  expect(journal.mark()).toMatchObject({ end: 3, acknowledged: 3 });
});

test("what was settled the store was told of: the answer, and where none came what was sent", async () => {
  const journal = watched();
  journal.acknowledge(0);
  for (const record of [intent("at_1"), intent("at_2"), answer("at_1")]) await journal.append(record);
  expect(journal.mark().acknowledged).toBe(0);
  await journal.append(settled("at_2"));
  expect(journal.mark().acknowledged).toBe(2);
  await journal.append(settled("at_1"));
  expect(journal.mark().acknowledged).toBe(3);
});
