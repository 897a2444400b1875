import type { Quarantine } from "@evergrant/contract";
import { expect, test } from "vitest";
import { fakeNode, OPERATOR_KEY, problem } from "../testing/fake-node.ts";
import { run } from "../testing/recorded-world.ts";

const env = { EVERGRANT_OPERATOR_KEY: OPERATOR_KEY };
const none: Quarantine = {
  ...{ state: "none", sinceMs: null, because: [], node: "nd_1", deployment: "dp_1", incarnation: 1, released: null },
};
const held: Quarantine = {
  ...{ ...none, state: "held", sinceMs: Date.UTC(2026, 0, 1) },
  because: [{ reason: "store-behind", found: "The database is behind this node's journal." }],
};

test("a node that spends says so, and when it was released last", async () => {
  const released = { as: "restored" as const, from: 1, atMs: Date.UTC(2026, 0, 2) };
  await using node = await fakeNode(() => ({ status: 200, body: { ...none, released } }));
  const ran = await run(["quarantine", "--url", node.url], { env });
  expect(ran).toMatchObject({ exitCode: 0, err: "" });
  expect(ran.out).toMatch(/^Not in quarantine.*\nIt was last released as restored on /);
});

test("a node in quarantine tells what was found and what each answer means", async () => {
  await using node = await fakeNode(() => ({ status: 200, body: held }));
  const { out } = await run(["quarantine", "--url", node.url], { env });
  expect(out).toContain("The database is behind this node's journal. (store-behind)");
  expect(out).toContain("evergrant quarantine release --as restored");
  expect(out).toContain("evergrant quarantine release --as cloned");
});

test.each(["restored", "cloned"] as const)("an operator says %s, and the node hears it", async (as) => {
  await using node = await fakeNode(() => ({ status: 200, body: { ...held, state: "merging" } }));
  const ran = await run(["quarantine", "release", "--as", as, "--url", node.url], { env });
  expect(ran).toMatchObject({ exitCode: 0, err: "" });
  expect(ran.out).toContain(`Released as ${as}.`);
  expect(node.heard).toMatchObject([{ method: "POST", path: "/api/v1/quarantine/release", body: { as } }]);
});

test("a word that is neither is a wrong command line; one that comes too late is told with its code", async () => {
  await using node = await fakeNode(() => problem(409, "quarantine_not_begun"));
  const wrong = await run(["quarantine", "release", "--as", "mended", "--url", node.url], { env });
  expect(wrong).toMatchObject({ exitCode: 2, out: "" });
  expect(node.heard).toEqual([]);
  const late = await run(["quarantine", "release", "--as", "restored", "--url", node.url], { env });
  expect(late.exitCode).toBe(1);
  expect(late.err).toContain("[quarantine_not_begun]");
});
