import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GRANT, records } from "../../testing/contract/samples.ts";
import { movableTime, type NODE } from "../../testing/contract/store-world.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const SUBJECT = { kind: "grant", id: GRANT } as const;
const time = movableTime();

describe("the audit chain in a file", () => {
  let folder = "";
  let file = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "evergrant-store-"));
    file = join(folder, "evergrant.db");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function written(): Promise<void> {
    const store = await openSqliteStore({ file, time });
    for (const event of ["a", "b", "c"]) await store.audit.write(records(SUBJECT, event));
    await store.close();
  }
  const firstBroken = async () => {
    const store = await openSqliteStore({ file, time });
    const broken = await store.audit.firstBroken();
    await store.close();
    return broken;
  };
  /** As somebody finds it who does not know which nodes there were. */
  const brokenAnywhere = async () => {
    const store = await openSqliteStore({ file, time });
    const chains = await store.audit.chains();
    const broken = await Promise.all(chains.map(({ node }) => store.audit.firstBroken(node)));
    await store.close();
    return broken;
  };

  test.each([
    ["a record cut out", "delete from audit_record where sequence = 2", 2],
    ["the first record cut off", "delete from audit_record where sequence = 1", 1],
    ["the last record cut off", "delete from audit_record where sequence = 3", 3],
    ["the whole chain cut off", "delete from audit_record", 1],
    [
      "a record added",
      "insert into audit_record select node, 4, subject_kind, subject_id, at_ms, by, event, facts, hash from audit_record where sequence = 3",
      4,
    ],
    ["its end forged", "update audit_chain set sequence = 2", 3],
    ["its end forgotten", "delete from audit_chain", 1],
    ["an event renamed", "update audit_record set event = 'x' where sequence = 2", 2],
    ["a subject swapped", "update audit_record set subject_id = 'gr_2' where sequence = 2", 2],
    ["an instant moved", "update audit_record set at_ms = at_ms + 1 where sequence = 1", 1],
    ["an actor swapped", "update audit_record set by = 'operator' where sequence = 3", 3],
  ])("%s is found", async (_, harm, sequence) => {
    await written();
    expect(await firstBroken()).toBeNull();
    {
      using raw = new DatabaseSync(file);
      raw.exec(harm);
    }
    expect(await firstBroken()).toBe(sequence);
    expect(await brokenAnywhere()).toEqual([sequence]);
  });

  test("each node has a chain of its own in the same store, and a subject's story tells of both", async () => {
    for (const node of ["node-a", "node-b"] as (typeof NODE)[]) {
      const store = await openSqliteStore({ file, time, node });
      await store.audit.write(records(SUBJECT, `by ${node}`));
      expect(await store.audit.firstBroken()).toBeNull();
      await store.close();
    }
    const store = await openSqliteStore({ file, time });
    const story = await store.audit.story(SUBJECT, 10);
    expect(story.map(({ event, sequence }) => [event, sequence]).toSorted()).toEqual([
      ["by node-a", 1],
      ["by node-b", 1],
    ]);
    await store.close();
  });
});
