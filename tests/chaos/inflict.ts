import type { Availability } from "./availability.ts";
import type { Fleet } from "./fleet.ts";
import type { HarmCounts, Planned, ProcessHarm, RequestHarm } from "./harm-plan.ts";
import { LateConsents } from "./late-consent.ts";
import { pause, within } from "./pause.ts";
import type { Recoveries } from "./recoveries.ts";
import { failOver, leapStoreClock, restartStore } from "./store-harm.ts";

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

const BACK_WITHIN_MS = 60_000;
const PASSES_POINT_WITHIN_MS = 15_000;

/** Does harm to a fleet, and has it written down who was able to work meanwhile. */
export class Inflicting {
  readonly #fleet: Fleet;
  readonly #recoveries: Recoveries;
  readonly #availability: Availability;
  readonly #consents: LateConsents;
  readonly #counts: Partial<Record<keyof HarmCounts, number>> = {};

  constructor(fleet: Fleet, records: { readonly recoveries: Recoveries; readonly availability: Availability }) {
    this.#fleet = fleet;
    this.#consents = new LateConsents(fleet);
    this.#recoveries = records.recoveries;
    this.#availability = records.availability;
  }

  get counts(): HarmCounts {
    return { ...this.#counts };
  }

  async onProcess(harm: ProcessHarm): Promise<void> {
    this.#count(harm.kind);
    switch (harm.kind) {
      case "kill":
      case "kill-at-point":
        return await this.#kill(harm);
      case "kill-at-code":
        return await this.#consents.whileKilled(harm.point);
      case "freeze":
        return await this.#freeze(harm);
      case "clock-leap":
        return await this.#clockLeap(harm);
      case "partition":
        return await this.#partition(harm);
      case "way-cut":
        return await this.#wayCut(harm);
      case "store-restart":
        return await restartStore(this.#fleet, this.#availability, harm.forMs);
      case "store-clock-leap":
        return await leapStoreClock(this.#fleet, harm);
      case "fail-over":
        return await failOver(this.#fleet, this.#availability, harm);
    }
  }

  onRequests(harm: RequestHarm): void {
    this.#count(harm.kind);
    const { identity, sandbox } = this.#fleet;
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

  /** No more harm; what could not be done under it is done now. */
  async end(): Promise<void> {
    this.#fleet.heal();
    await this.#consents.finish();
  }

  #count(kind: keyof HarmCounts): void {
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
  }

  // Over when the node is up again.
  async #kill(harm: ProcessHarm & { kind: "kill" | "kill-at-point" }): Promise<void> {
    const slot = this.#fleet.slots[harm.node];
    if (slot?.up !== true) return;
    const { deaths } = slot;
    const diedTimes = (times: number) => () => slot.deaths >= deaths + times && slot.up;
    if (harm.kind === "kill") await slot.kill();
    else {
      const { point, subject, nth } = harm;
      await slot.kill({ point, subject, nth });
      await within(BACK_WITHIN_MS, () => slot.deaths >= deaths + 2 || diedTimes(1)());
      // It may have nothing to refresh for a while: then it dies outside of the point.
      if (!(await within(PASSES_POINT_WITHIN_MS, () => slot.deaths >= deaths + 2))) await slot.kill();
    }
    await within(BACK_WITHIN_MS, diedTimes(harm.kind === "kill" ? 1 : 2));
  }

  async #freeze(harm: ProcessHarm & { kind: "freeze" }): Promise<void> {
    const slot = this.#fleet.slots[harm.node];
    if (slot?.up !== true) return;
    this.#recoveries.harmed(harm.node);
    this.#availability.set(harm.node, "process", false);
    slot.freeze();
    await pause(harm.forMs);
    slot.thaw();
    if (!slot.up) return;
    this.#availability.set(harm.node, "process", true);
    this.#recoveries.healed(harm.node);
  }

  // It is able to work all the while.
  async #clockLeap({ node, byMs, forMs }: ProcessHarm & { kind: "clock-leap" }): Promise<void> {
    const slot = this.#fleet.slots[node];
    const setRight = await slot?.leap(byMs);
    if (setRight === undefined) return;
    await pause(forMs);
    await setRight();
  }

  // Its callers and the store reach it; what it sends the provider is done or not, and it never hears of it.
  async #wayCut({ node, how, forMs }: ProcessHarm & { kind: "way-cut" }): Promise<void> {
    const way = this.#fleet.ways[node];
    if (way === undefined) return;
    this.#availability.set(node, "way to the provider", false);
    way.lasting = { kind: how };
    await pause(forMs);
    way.lasting = undefined;
    this.#availability.set(node, "way to the provider", true);
  }

  // Between one node and the store; the node still reaches the provider, and its callers reach it.
  async #partition(harm: ProcessHarm & { kind: "partition" }): Promise<void> {
    const proxies = this.#fleet.storeProxies[harm.node] ?? [];
    this.#recoveries.harmed(harm.node);
    this.#availability.set(harm.node, "way to the store", false);
    for (const proxy of proxies) proxy.part();
    await pause(harm.forMs);
    for (const proxy of proxies) {
      if (harm.thenCut) proxy.cutAll();
      proxy.rejoin();
    }
    this.#availability.set(harm.node, "way to the store", true);
    if (this.#fleet.slots[harm.node]?.up === true) this.#recoveries.healed(harm.node);
  }
}
