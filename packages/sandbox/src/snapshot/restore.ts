import type { Change, LedgerView } from "../engine/index.ts";
import { SandboxError } from "../errors.ts";
import type { Followers } from "../followers.ts";
import type { Outbound } from "../outbound.ts";
import type { StoredKey } from "../store/sandbox-database.ts";
import type { World } from "../world.ts";
import { rowsOf, type Snapshot } from "./snapshot.ts";

/**
 * What becomes of time. `keep`: it goes on, or forward to the snapshot's instant if that is later; what was to happen meanwhile
 * happens at once, and no token or id that was handed out since comes a second time. `rewind`: the clock is at the snapshot's instant again and everything is as if
 * nothing had happened since.
 */
export type RestoreClock = "keep" | "rewind";

export interface Restored {
  readonly takenAtMs: number;
  readonly nowMs: number;
  readonly offsetMs: number;
}

export interface RestoreParts {
  readonly world: World;
  readonly followers: Followers;
  readonly outbound: Outbound;
  readonly wallMs: () => number;
  /** Replaces all rows and keys in one transaction. */
  replace(rows: readonly Change[], keys: readonly StoredKey[]): void;
}

/**
 * Puts a snapshot in the place of everything. What is on its way out is waited for; the journal of requests begins anew.
 * Throws `snapshot_damaged`, and `clock_backwards` where a process that follows the clock would go back in time.
 */
export async function restore(parts: RestoreParts, snapshot: Snapshot, clock: RestoreClock): Promise<Restored> {
  const { world, followers, outbound } = parts;
  const useKeys = await world.keys.prepare(snapshot.signingKeys).catch((error: unknown) => {
    throw new SandboxError("snapshot_damaged", "A signing key of the snapshot cannot be read. Take it again.", {
      cause: error,
    });
  });
  await outbound.whenIdle();
  if (clock === "rewind" && followers.list().length > 0 && snapshot.takenAtMs < world.clock.nowMs())
    throw new SandboxError(
      "clock_backwards",
      "A process follows the clock and would go back in time. Stop it first, or restore with the clock kept.",
    );
  const wantedMs = snapshot.takenAtMs - parts.wallMs();
  const offsetMs = clock === "rewind" ? wantedMs : Math.max(wantedMs, world.clock.offsetMs());
  const moved = offsetMs !== world.clock.offsetMs();
  parts.replace(rowsAt(world, snapshot, { offsetMs, clock }), snapshot.signingKeys);
  useKeys();
  world.faults.replace(snapshot.faults);
  world.journal.clear();
  if (moved) followers.step(offsetMs);
  return { takenAtMs: snapshot.takenAtMs, nowMs: world.clock.nowMs(), offsetMs };
}

function rowsAt(
  { engine }: World,
  snapshot: Snapshot,
  time: { readonly offsetMs: number; readonly clock: RestoreClock },
): readonly Change[] {
  const then = new Map(snapshot.ledger.settings.map(([key, { value }]) => [key, value]));
  const now = new Map(then);
  if (time.offsetMs !== Number(then.get("clockOffsetMs") ?? 0)) now.set("clockOffsetMs", time.offsetMs);
  if (time.clock === "keep") now.set("draws", Math.max(drawsIn(engine.view), Number(then.get("draws") ?? 0)));
  // Another dialect's sandbox goes on as the one did that took the snapshot.
  if (snapshot.dialect !== engine.dialect) now.set("switches", snapshot.switches);
  const settings = [...now].map(([key, value]) => ({ table: "settings", key, row: { value } }) as const);
  return [...rowsOf(snapshot).filter(({ table }) => table !== "settings"), ...settings];
}

const drawsIn = (view: LedgerView): number => Number(view.get("settings", "draws")?.value ?? 0);
