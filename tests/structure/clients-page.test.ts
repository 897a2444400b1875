import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CLIENT_IDS, clientOf, SERVERS } from "../client-matrix/clients.ts";
import { expectedOutcome, FAILURES } from "../client-matrix/expected.ts";
import { PAGE, renderPage } from "../client-matrix/page.ts";
import { SCENARIOS } from "../client-matrix/scenarios.ts";

const root = join(import.meta.dirname, "../..");
const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

describe("the page on the client matrix", () => {
  test("says what the tests expect (else: npm run clients)", () => {
    expect(readFileSync(join(root, PAGE), "utf8")).toBe(renderPage(devDependencies));
  });

  test("is refused with a client whose version nobody pinned", () => {
    expect(() => renderPage({})).toThrow(/has no version/);
  });
});

describe("what the client matrix expects", () => {
  const cells = FAILURES.flatMap(({ clients, scenario, servers }) =>
    clients.flatMap((client) => servers.map((server) => ({ client, scenario, server }))),
  );

  test("lists each failure once, of a cell that applies or of a server that its client cannot reach", () => {
    const names = cells.map(({ client, scenario, server }) => `${client}, ${scenario}, ${server}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    const unheard = cells.filter(({ client, scenario, server }) => {
      const asked = SCENARIOS.find(({ name }) => name === scenario);
      const { cannotReach } = clientOf(client);
      return (
        asked === undefined || (!(server in cannotReach) && expectedOutcome(client, asked, server).kind !== "failed")
      );
    });
    expect(unheard).toEqual([]);
  });

  test("gives a reason for whatever does not pass", () => {
    for (const { why } of FAILURES) expect(why.length).toBeGreaterThan(40);
    for (const id of CLIENT_IDS) {
      const { lacks, cannotReach } = clientOf(id);
      for (const why of Object.values({ ...lacks, ...cannotReach })) expect(why.length, id).toBeGreaterThan(10);
    }
  });

  test("asks something of every client at every server it reaches, and something passes", () => {
    for (const id of CLIENT_IDS)
      for (const server of SERVERS) {
        const kinds = SCENARIOS.map((scenario) => expectedOutcome(id, scenario, server).kind);
        const reached = clientOf(id).cannotReach[server] === undefined;
        expect(kinds.includes("passed"), `${id} at ${server}`).toBe(reached);
      }
  });
});
