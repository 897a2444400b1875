import fc from "fast-check";
import { expect, test } from "vitest";
import { type Change, createLedger, type LedgerView } from "./ledger.ts";
import type { Connection } from "./rows.ts";

const PEOPLE = ["p1", "p2", "p3"] as const;
/** Whose connection each is, for good. */
const OWNER = { c1: "p1", c2: "p2", c3: "p1", c4: "p1", c5: "p2" } as const;
type Key = keyof typeof OWNER;

const connection = (id: string, userId: string): Connection => ({
  id,
  userId,
  clientId: "app",
  tenantId: "org",
  authEventId: "event",
  createdAtMs: 0,
  updatedAtMs: 0,
  endedAtMs: null,
  endedReason: null,
});

const write = fc.record({
  key: fc.constantFrom(...(Object.keys(OWNER) as Key[])),
  stays: fc.boolean(),
});
const batch = fc.record({
  how: fc.constantFrom("transact", "throw", "clear", "replace"),
  writes: fc.array(write, { maxLength: 5 }),
});

function scanned(view: LedgerView, userId: string): readonly Connection[] {
  return [...view.all("connections")].filter((each) => each.userId === userId);
}

function expectIndexed(view: LedgerView): void {
  for (const userId of PEOPLE) expect(view.connectionsOf(userId)).toEqual(scanned(view, userId));
}

test("a person's connections are those of all that are his, inside a transaction, after it, and after one that failed", () => {
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 8 }), (batches) => {
      const ledger = createLedger([], () => undefined);
      for (const { how, writes } of batches) {
        const rows = writes.map(({ key, stays }): Change & { readonly table: "connections" } => ({
          table: "connections",
          key,
          row: stays ? connection(key, OWNER[key]) : undefined,
        }));
        const transact = () =>
          ledger.transact((draft) => {
            if (how === "clear") draft.clear("connections");
            for (const { key, row } of rows) {
              if (row === undefined) draft.remove("connections", key);
              else draft.put("connections", key, row as Connection);
              expectIndexed(draft);
            }
            if (how === "throw") throw new Error("no");
          });
        if (how === "replace") ledger.replaceAll(rows, () => undefined);
        else if (how === "throw") expect(transact).toThrow("no");
        else transact();
        expectIndexed(ledger);
      }
    }),
  );
});
