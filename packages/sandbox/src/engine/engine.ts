import { DIALECTS, type DialectName } from "./dialects.ts";
import type { Draft, Ledger, LedgerView } from "./ledger.ts";
import type { Mint } from "./mint.ts";
import type { Organisation } from "./rows.ts";
import { runDueEvents } from "./schedule.ts";
import type { Switches } from "./switches.ts";
import type { Turn } from "./turn.ts";

/** The provider without its HTTP: a ledger, the rules, and nothing that reads a clock. */
export interface Engine {
  /** Runs one transaction at `nowMs`, after everything that was due by then. */
  run<R>(nowMs: number, work: (turn: Turn) => R): R;
  /** The state as it is, read only. */
  readonly view: LedgerView;
  switches(): Switches;
  /** The switches where nothing else is stored. */
  readonly dialect: DialectName;
}

export interface EngineParts {
  readonly ledger: Ledger;
  readonly mint: Mint;
  /** The switches until a patch is stored. */
  readonly dialect: DialectName;
  /** Empties and fills an organisation's books; without it there are none. */
  readonly beginBooks?: (turn: Turn, organisation: Organisation) => void;
}

export function createEngine(parts: EngineParts): Engine {
  const { ledger, mint } = parts;
  const switchesOf = switchesOver(parts.dialect);
  const beginBooks = parts.beginBooks ?? (() => {});
  const turnOf = (draft: Draft, nowMs: number): Turn => {
    const turn: Turn = {
      draft,
      nowMs,
      mint,
      switches: switchesOf(draft),
      label: (kind) => `${kind}:${draw(draft)}`,
      beginBooks: (organisation) => beginBooks(turn, organisation),
    };
    return turn;
  };
  return {
    view: ledger,
    dialect: parts.dialect,
    switches: () => switchesOf(ledger),
    run: (nowMs, work) =>
      ledger.transact((draft) => {
        runDueEvents(draft, nowMs, (atMs) => turnOf(draft, atMs));
        return work(turnOf(draft, nowMs));
      }),
  };
}

/** Stores changed switches; the rest keeps the dialect's value. */
export function patchSwitches(draft: Draft, patch: Partial<Switches>): void {
  draft.put("settings", "switches", { value: { ...storedPatch(draft), ...patch } });
}

/** Forgets every patch. */
export function resetSwitches(draft: Draft): void {
  draft.remove("settings", "switches");
}

// Put together when the patch changes, not at each turn.
function switchesOver(dialect: DialectName): (view: LedgerView) => Switches {
  let patch: Partial<Switches> | null = null;
  let together: Switches = DIALECTS[dialect];
  return (view) => {
    const stored = storedPatch(view);
    if (stored !== patch) {
      patch = stored;
      together = { ...DIALECTS[dialect], ...stored };
    }
    return together;
  };
}

const storedPatch = (view: LedgerView): Partial<Switches> =>
  (view.get("settings", "switches")?.value ?? NO_PATCH) as Partial<Switches>;

const NO_PATCH: Partial<Switches> = {};

function draw(draft: Draft): number {
  const next = Number(draft.get("settings", "draws")?.value ?? 0) + 1;
  draft.put("settings", "draws", { value: next });
  return next;
}
