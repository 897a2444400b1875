import type { Fleet } from "./fleet.ts";
import type { Planned, ProcessHarm, RequestHarm } from "./harm-plan.ts";
import { pause } from "./pause.ts";
import type { Recoveries } from "./recoveries.ts";

/** Carries out harms of one kind, one after the other, until the time is over. */
export async function inflictUntil<H>(
  endMs: number,
  plan: Iterator<Planned<H>, never>,
  inflict: (harm: H) => void | Promise<void>,
): Promise<void> {
  for (;;) {
    const { calmMs, harm } = plan.next().value;
    if (performance.now() + calmMs >= endMs) return pause(endMs - performance.now());
    await pause(calmMs);
    await inflict(harm);
  }
}

export async function inflictOnProcess(fleet: Fleet, recoveries: Recoveries, harm: ProcessHarm): Promise<void> {
  switch (harm.kind) {
    case "kill":
    case "kill-at-point":
      return await kill(fleet, harm);
    case "freeze":
      return await freeze(fleet, recoveries, harm);
    case "partition":
      return await partition(fleet, recoveries, harm);
    case "store-restart":
      await restartStore(fleet, harm.forMs);
  }
}

export function inflictOnRequests({ identity, sandbox }: Fleet, harm: RequestHarm): void {
  switch (harm.kind) {
    case "wire":
      identity.arm(harm.harms);
      return;
    case "cut-all":
      identity.cutAll();
      return;
    case "provider":
      sandbox.control.placeFault({ endpoint: "token", grantType: "refresh_token", ...harm.fault });
  }
}

const BACK_WITHIN_MS = 60_000;
const PASSES_POINT_WITHIN_MS = 15_000;

// Over when the node is up again.
async function kill({ slots }: Fleet, harm: ProcessHarm & { kind: "kill" | "kill-at-point" }): Promise<void> {
  const slot = slots[harm.node];
  if (slot?.up !== true) return;
  const { deaths } = slot;
  const diedTimes = (times: number) => () => slot.deaths >= deaths + times && slot.up;
  if (harm.kind === "kill") await slot.kill();
  else {
    await slot.kill({ point: harm.point, subject: "refresh", nth: harm.nth });
    await within(BACK_WITHIN_MS, () => slot.deaths >= deaths + 2 || diedTimes(1)());
    // It may have nothing to refresh for a while: then it dies outside of the point.
    if (!(await within(PASSES_POINT_WITHIN_MS, () => slot.deaths >= deaths + 2))) await slot.kill();
  }
  await within(BACK_WITHIN_MS, diedTimes(harm.kind === "kill" ? 1 : 2));
}

/** Waits until something is so; false: it was not in time. */
async function within(ms: number, isSo: () => boolean): Promise<boolean> {
  const endMs = performance.now() + ms;
  while (!isSo()) {
    if (performance.now() > endMs) return false;
    await pause(20);
  }
  return true;
}

const STORE_STARTS_AT_MOST = 20;

// Its port may be taken for a moment by a connection on its way out.
async function restartStore({ postgres }: Fleet, forMs: number): Promise<void> {
  await postgres?.kill();
  await pause(forMs);
  for (let tries = 1; ; tries += 1)
    try {
      return await postgres?.start();
    } catch (error) {
      if (tries === STORE_STARTS_AT_MOST) throw error;
      await pause(250);
    }
}

async function freeze(fleet: Fleet, recoveries: Recoveries, harm: ProcessHarm & { kind: "freeze" }): Promise<void> {
  const slot = fleet.slots[harm.node];
  if (slot?.up !== true) return;
  recoveries.harmed(harm.node);
  slot.freeze();
  await pause(harm.forMs);
  slot.thaw();
  if (slot.up) recoveries.healed(harm.node);
}

// Between one node and the store; the node still reaches the provider, and its callers reach it.
async function partition(
  fleet: Fleet,
  recoveries: Recoveries,
  harm: ProcessHarm & { kind: "partition" },
): Promise<void> {
  const proxy = fleet.storeProxies[harm.node];
  if (proxy === undefined) return;
  recoveries.harmed(harm.node);
  proxy.part();
  await pause(harm.forMs);
  if (harm.thenCut) proxy.cutAll();
  proxy.rejoin();
  if (fleet.slots[harm.node]?.up === true) recoveries.healed(harm.node);
}
