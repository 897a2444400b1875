import { seedBooks } from "./accounting/seed-books.ts";
import { checkRedirectUris } from "./control/redirect-uris.ts";
import { DEMO_CLIENT_ID, DEMO_REDIRECT_URI, seedDemoData } from "./demo-data.ts";
import {
  type Ledger,
  patchSwitches,
  resetSwitches,
  type Switches,
  switchProblems,
  TABLES,
  type Turn,
} from "./engine/index.ts";
import { SandboxError } from "./errors.ts";
import { randomHex } from "./real-time.ts";

export interface InitialWishes {
  readonly seed?: number | "random";
  readonly redirectUris?: readonly string[];
  readonly switches?: Partial<Switches>;
}

/** What a ledger holds at the start and after a reset. */
export interface InitialState {
  /** Gives a new ledger the wished seed; one that has a seed keeps it. */
  plantSeed(ledger: Ledger): void;
  /** Seeds an empty ledger; gives one that goes on the wished switches and redirect URIs. */
  prepare(turn: Turn): void;
  /** Empties the ledger and seeds it again. The clock and the number of draws stay, so nothing handed out before comes again. */
  reseed(turn: Turn): void;
}

/** Checks the wishes; throws `SandboxError`. */
export function initialState(wishes: InitialWishes): InitialState {
  const switches = checkedSwitches(wishes.switches ?? {});
  const redirectUris = checkRedirectUris(wishes.redirectUris ?? [DEMO_REDIRECT_URI]);
  return {
    plantSeed: (ledger) => plantSeed(ledger, wishes.seed ?? 1),
    prepare(turn) {
      if (turn.draft.all("users").next().done === true) seedDemoData(turn, redirectUris);
      else addRedirectUris(turn, wishes.redirectUris ?? []);
      // A database of before there were books gets them now.
      for (const organisation of [...turn.draft.all("organisations")]) seedBooks(turn, organisation);
      if (Object.keys(switches).length > 0) patchSwitches(turn.draft, switches);
    },
    reseed(turn) {
      for (const table of TABLES) if (table !== "settings") turn.draft.clear(table);
      resetSwitches(turn.draft);
      seedDemoData(turn, redirectUris);
      patchSwitches(turn.draft, switches);
    },
  };
}

function checkedSwitches(patch: Partial<Switches>): Partial<Switches> {
  const problems = switchProblems(patch);
  if (problems.length === 0) return patch;
  throw new SandboxError("unknown_switch_value", problems.map((problem) => problem.sentence).join(" "));
}

function plantSeed(ledger: Ledger, wanted: number | "random"): void {
  if (typeof ledger.get("settings", "seed")?.value === "string") return;
  const seed = wanted === "random" ? randomHex(32) : String(wanted);
  ledger.transact((draft) => draft.put("settings", "seed", { value: seed }));
}

function addRedirectUris(turn: Turn, redirectUris: readonly string[]): void {
  const app = turn.draft.get("apps", DEMO_CLIENT_ID);
  if (app?.kind !== "web") return;
  const all = [...new Set([...app.redirectUris, ...redirectUris])];
  if (all.length > 50)
    throw new SandboxError("too_many", "An app has at most 50 redirect URIs. Reset the sandbox, or name fewer.");
  turn.draft.put("apps", DEMO_CLIENT_ID, { ...app, redirectUris: all });
}
