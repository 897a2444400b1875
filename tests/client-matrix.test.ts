import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientDriver } from "./client-matrix/client-driver.ts";
import {
  CLIENT_IDS,
  type ClientId,
  clientOf,
  type Operation,
  SERVERS,
  type ServerName,
} from "./client-matrix/clients.ts";
import { expectedOutcome, type Outcome } from "./client-matrix/expected.ts";
import type { MatrixServer } from "./client-matrix/matrix-server.ts";
import { NotPassed, SCENARIOS, type Scenario } from "./client-matrix/scenarios.ts";
import { startClient, startServer } from "./client-matrix/start.ts";
import { type CallbackPlace, openCallbackPlace } from "./protocol/callback-place.ts";

// Every client against every server through every scenario: one test for each cell that applies.

let callback: CallbackPlace;
beforeAll(async () => {
  callback = await openCallbackPlace();
});
afterAll(() => callback.close());

for (const serverName of SERVERS)
  for (const id of CLIENT_IDS) {
    const cells = SCENARIOS.map((scenario) => ({ scenario, expected: expectedOutcome(id, scenario, serverName) }));
    const played = cells.filter(({ expected }) => expected.kind !== "not-applicable");
    if (played.length > 0) describePair(id, serverName, played);
  }

interface PlayedCell {
  readonly scenario: Scenario;
  readonly expected: Outcome;
}

function describePair(id: ClientId, serverName: ServerName, cells: readonly PlayedCell[]): void {
  describe(`${id} × ${serverName}`, () => {
    let server: MatrixServer;
    let client: ClientDriver;
    beforeAll(async () => {
      server = await startServer(serverName, callback.redirectUri);
      client = await startClient(id, server);
    });
    afterAll(async () => {
      await client?.close();
      await server?.close();
    });

    test.each(cells.map((cell) => [titleOf(cell), cell] as const))("%s", async (_title, { scenario, expected }) => {
      server.nextPerson();
      await client.begin();
      const has = (operation: Operation) => clientOf(id).lacks[operation] === undefined;
      const seen = await play(scenario, { client, server, has });
      expect(seen).toBe(expected.kind === "failed" ? expected.seen : "passed");
    });
  });
}

const titleOf = ({ scenario, expected }: PlayedCell): string =>
  expected.kind === "failed" ? `${scenario.name}: does not pass, ${expected.seen}` : scenario.name;

async function play(scenario: Scenario, cell: Parameters<Scenario["play"]>[0]): Promise<string> {
  try {
    await scenario.play(cell);
    return "passed";
  } catch (error) {
    if (error instanceof NotPassed) return error.message;
    throw error;
  }
}
