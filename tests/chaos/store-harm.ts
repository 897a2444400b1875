import type { Availability } from "./availability.ts";
import type { Fleet } from "./fleet.ts";
import type { ProcessHarm } from "./harm-plan.ts";
import { pause } from "./pause.ts";

const STARTS_AT_MOST = 20;

// Its port may be taken for a moment by a connection on its way out.
async function startAgain(server: { start(): Promise<void> }): Promise<void> {
  for (let tries = 1; ; tries += 1)
    try {
      return await server.start();
    } catch (error) {
      if (tries === STARTS_AT_MOST) throw error;
      await pause(250);
    }
}

/** As a power cut: the primary is gone for a while and comes back as it was. */
export async function restartStore(fleet: Fleet, availability: Availability, forMs: number): Promise<void> {
  const { postgres } = fleet;
  if (postgres === null) return;
  availability.set("all", "store", false);
  await postgres.killPrimary();
  await pause(forMs);
  await startAgain(postgres.primary);
  availability.set("all", "store", true);
}

/** Set back, and right again; every node is able to work all the while. */
export async function leapStoreClock(
  { setStoreClock }: Fleet,
  { byMs, forMs }: ProcessHarm & { kind: "store-clock-leap" },
): Promise<void> {
  await setStoreClock(`${byMs} milliseconds`);
  await pause(forMs);
  await setStoreClock("0");
}

/** The primary is lost, its standby takes over, and in the end the old primary follows the new one. */
export async function failOver(
  fleet: Fleet,
  availability: Availability,
  harm: ProcessHarm & { kind: "fail-over" },
): Promise<void> {
  const { postgres } = fleet;
  if (postgres === null) return;
  availability.set("all", "store", false);
  await postgres.killPrimary();
  await pause(harm.forMs);
  await postgres.promote();
  availability.set("all", "store", true);
  if (harm.oldBackForMs !== null) {
    await startAgain({ start: () => postgres.revive() });
    await pause(harm.oldBackForMs);
    await postgres.other.kill();
  }
  await postgres.rebuild();
}
