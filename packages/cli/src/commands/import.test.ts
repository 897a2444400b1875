import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FakeNode, fakeNode, OPERATOR_KEY, problem } from "../testing/fake-node.ts";
import { type Given, run } from "../testing/recorded-world.ts";

const CANARY = "refresh-canary";
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "evergrant-import-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const accepted = (connection: string) => ({
  id: `cs_${connection}`,
  result: { kind: "accepted", connection, tenants: ["Demo Company (NZ)"], subjectName: null, sharedWith: [] },
  trouble: null,
});

interface Body {
  readonly tokens: readonly { readonly connection: string }[];
  readonly checkOnly: boolean;
}

const aNode = () =>
  fakeNode(({ body }) => {
    const { tokens, checkOnly } = body as Body;
    if (tokens.some(({ connection }) => connection === "known")) return problem(409, "import_token_known", "1 (known)");
    return { status: 200, body: { imports: checkOnly ? [] : tokens.map(({ connection }) => accepted(connection)) } };
  });

const command = (node: FakeNode, args: readonly string[], given: Given = {}) =>
  run(["import", "--url", node.url, "--folder", folder, ...args], {
    env: { EVERGRANT_OPERATOR_KEY: OPERATOR_KEY },
    ...given,
  });

const bodies = (node: FakeNode) => node.heard.map(({ body }) => body as Body);

describe("evergrant import", () => {
  test("takes one token from standard input, looks first, then brings it", async () => {
    await using node = await aNode();
    const ran = await command(node, ["acme", "--app", "books", "--token-stdin"], { input: `${CANARY}\n` });
    expect(ran).toMatchObject({ exitCode: 0, out: "acme is connected: Demo Company (NZ)." });
    const token = {
      connection: "acme",
      app: "books",
      refreshToken: CANARY,
      expectedTenant: null,
      expectedSubject: null,
    };
    expect(bodies(node)).toEqual([{ tokens: [token], checkOnly: true }, { tokens: [token] }]);
  });

  test("asks a person for it where somebody is there, and never shows it", async () => {
    await using node = await aNode();
    const ran = await command(node, ["acme"], { interactive: true, answers: [CANARY] });
    expect(ran).toMatchObject({ exitCode: 0, questions: ["Refresh token"] });
    expect(ran.out + ran.err).not.toContain(CANARY);
  });

  test.each(["array", "lines"] as const)(
    "takes a list as %s: all are looked at before any is brought",
    async (form) => {
      await using node = await aNode();
      const list = Array.from({ length: 120 }, (_, n) => ({
        connection: `c-${n}`,
        app: "books",
        refreshToken: `rt-${n}`,
      }));
      const text = form === "array" ? JSON.stringify(list) : list.map((entry) => JSON.stringify(entry)).join("\n");
      const ran = await command(node, ["--file", "-"], { input: text });
      expect(ran.exitCode).toBe(0);
      expect(bodies(node).map(({ tokens, checkOnly }) => [tokens.length, checkOnly ?? false])).toEqual([
        [50, true],
        [50, true],
        [20, true],
        [50, false],
        [50, false],
        [20, false],
      ]);
    },
  );

  test("brings nothing of a list of which one is refused", async () => {
    await using node = await aNode();
    const file = join(folder, "list.json");
    const entries = [...Array.from({ length: 60 }, (_, n) => `c-${n}`), "known"];
    writeFileSync(
      file,
      JSON.stringify(entries.map((connection, n) => ({ connection, refreshToken: `${CANARY}-${n}` }))),
    );
    const ran = await command(node, ["--file", file]);
    expect(ran.exitCode).not.toBe(0);
    expect(ran.err).toContain("import_token_known");
    expect(ran.err).not.toContain(CANARY);
    expect(bodies(node).every(({ checkOnly }) => checkOnly)).toBe(true);
  });

  test("--check brings nothing", async () => {
    await using node = await aNode();
    await command(node, ["acme", "--token-stdin", "--check"], { input: CANARY });
    expect(bodies(node).map(({ checkOnly }) => checkOnly)).toEqual([true]);
  });

  test.each([
    ["neither a name nor a list", [], "", "Name one connection"],
    ["no list at all", ["--file", "-"], "", "The list is empty"],
    ["a list that is no JSON", ["--file", "-"], `{"connection":"a"}\n${CANARY}`, "Line 2 of the list is no JSON"],
    [
      "an entry without a token",
      ["--file", "-"],
      '[{"connection":"a"}]',
      "Entry 1 of the list is wrong: refreshToken.",
    ],
    [
      "an entry with something else",
      ["--file", "-"],
      `[{"connection":"a","refreshToken":"${CANARY}","x":1}]`,
      "Entry 1",
    ],
    [
      "the same token twice",
      ["--file", "-"],
      `[{"connection":"a","refreshToken":"${CANARY}"},{"connection":"b","refreshToken":"${CANARY}"}]`,
      "Entry 2",
    ],
  ])("refuses %s, and says nothing of the content", async (_what, args, input, message) => {
    await using node = await aNode();
    const ran = await command(node, args, { input });
    expect(ran.exitCode).not.toBe(0);
    expect(ran.err).toContain(message);
    expect(ran.err).not.toContain(CANARY);
    expect(node.heard).toEqual([]);
  });
});
