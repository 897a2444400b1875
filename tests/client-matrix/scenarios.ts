import type { ClientDriver, Told } from "./client-driver.ts";
import type { Operation } from "./clients.ts";
import type { MatrixServer } from "./matrix-server.ts";

/** A client at a server, for one cell. */
export interface Cell {
  readonly client: ClientDriver;
  readonly server: MatrixServer;
  has(operation: Operation): boolean;
}

export interface Scenario {
  readonly name: string;
  /** What has to be true for a client to pass. */
  readonly passes: string;
  /** What a client must have a function for; without it the cell is not applicable. */
  readonly needs: Operation;
  /** Resolves if the client passes; throws `NotPassed` with what was seen instead. */
  play(cell: Cell): Promise<void>;
}

/** A client does not do what the scenario wants; the message is what was seen, in a few words. */
export class NotPassed extends Error {}

const AT_ONCE = 50;
const RETRY_AFTER_SECONDS = 7;

/** What every client is put through, in the order of the table's columns. */
export const SCENARIOS = [
  {
    name: "first consent",
    passes: "a person says yes, the client has tokens, and the API takes them",
    needs: "consent",
    async play(cell) {
      await consented(cell);
    },
  },
  {
    name: "refresh",
    passes: "two refreshes in a row, each with the token of the one before, and the API takes the last access token",
    needs: "refresh",
    async play(cell) {
      await consented(cell);
      for (const round of ["first", "second"]) done(await cell.client.renew(), `the ${round} refresh`);
      const refreshes = cell.server.refreshes();
      if (refreshes < 2) throw new NotPassed("both spent the same refresh token");
      await callable(cell);
    },
  },
  {
    name: `${AT_ONCE} concurrent refreshes`,
    passes: `${AT_ONCE} at once from one client object; the token that the client holds afterwards is refreshed once more`,
    needs: "refresh",
    async play(cell) {
      await consented(cell);
      const tokens = await cell.client.renewAtOnce(AT_ONCE);
      if (tokens === 0) throw new NotPassed("nobody got a token");
      await livesOn(cell);
    },
  },
  {
    name: "lost answer",
    passes: "the provider carries a refresh out and its answer gets lost; the client, asked again, has tokens",
    needs: "renew",
    async play(cell) {
      await consented(cell);
      const { client, server } = cell;
      await disturbed(
        cell,
        () => server.loseNextAnswer(),
        () => client.renew(),
      );
      await livesOn(cell);
    },
  },
  {
    name: "+31 min",
    passes:
      "31 minutes after the consent, the job ended and the access token expired, the client gets another that the API takes",
    needs: "renew",
    play: (cell) => livesOnAfter(cell, "31m"),
  },
  {
    name: "+61 days",
    passes: "a job ends, 61 days pass in which nobody asks for anything, and then a token without a person",
    needs: "renew",
    play: (cell) => livesOnAfter(cell, "61d"),
  },
  {
    name: "revoke",
    passes: "the client revokes, and the provider takes none of its refresh tokens any more",
    needs: "revoke",
    async play(cell) {
      await consented(cell);
      done(await cell.client.revoke(), "the revocation");
      if (await cell.server.grantLives()) throw new NotPassed("the grant lives on");
    },
  },
  {
    name: "wrong secret",
    passes:
      "the secret is another one at the provider: the client says so (`invalid_client` or 401), and goes on once it is right again",
    needs: "consent",
    async play(cell) {
      const ask = await asking(cell);
      await cell.server.setSecret("another");
      const told = await ask().finally(() => cell.server.setSecret("right"));
      if (told.kind === "done") throw new NotPassed("it got a token");
      if (told.code !== "invalid_client" && told.status !== 401) throw new NotPassed(`it says: ${words(told)}`);
      done(await ask(), "the next one");
    },
  },
  {
    name: "429",
    passes:
      "the token endpoint, and then the API, answers 429: the client rides it out or says so with `Retry-After`, and goes on the next time",
    needs: "consent",
    async play(cell) {
      await limited(cell, "token", await asking(cell));
      if (cell.has("call")) await limited(cell, "resource", () => cell.client.call());
    },
  },
] as const satisfies readonly Scenario[];

async function livesOnAfter(cell: Cell, pause: string): Promise<void> {
  await consented(cell);
  await cell.client.endRun();
  await cell.server.advance(pause);
  await livesOn(cell);
}

export type ScenarioName = (typeof SCENARIOS)[number]["name"];

async function consented(cell: Cell): Promise<void> {
  done(await cell.client.consent(), "the consent");
  await callable(cell);
  if (cell.has("refresh") && !(await cell.server.grantLives())) throw new NotPassed("no grant");
}

async function callable(cell: Cell): Promise<void> {
  if (cell.has("call")) done(await cell.client.call(), "the call");
}

async function livesOn(cell: Cell): Promise<void> {
  const told = await cell.client.renew();
  if (told.kind === "refused") throw new NotPassed(`the grant is lost: ${words(told)}`);
  await callable(cell);
}

/** How this client makes a token request: a renewal after a consent, or, if it knows none, the consent itself. */
async function asking(cell: Cell): Promise<() => Promise<Told>> {
  if (!cell.has("renew")) return () => cell.client.consent();
  await consented(cell);
  return () => cell.client.renew();
}

function done(told: Told, what: string): void {
  if (told.kind === "refused") throw new NotPassed(`${what}: ${words(told)}`);
}

async function limited(cell: Cell, to: "token" | "resource", ask: () => Promise<Told>): Promise<void> {
  const told = await disturbed(cell, () => cell.server.limitNextRequest(to, RETRY_AFTER_SECONDS), ask);
  if (told.kind === "refused") {
    if (told.status !== 429) throw new NotPassed(`it says: ${words(told)}`);
    if (told.retryAfter !== String(RETRY_AFTER_SECONDS)) throw new NotPassed("it does not say for how long");
  }
  done(await ask(), "the next one");
}

/** What a client says of a request that goes wrong at the server; without such a request the test would prove nothing. */
async function disturbed({ server }: Cell, arrange: () => void, ask: () => Promise<Told>): Promise<Told> {
  const before = server.disturbed();
  arrange();
  const told = await ask();
  const times = server.disturbed() - before;
  if (times !== 1) throw new Error(`${times} requests went wrong instead of one`);
  return told;
}

function words(told: Exclude<Told, { kind: "done" }>): string {
  return told.code ?? (told.status === null ? told.message : `status ${told.status}`);
}
