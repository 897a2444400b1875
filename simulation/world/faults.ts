import type { PlacedFault, Plan } from "../plan/plan.ts";
import type { Callers } from "./callers.ts";
import { type Stream, stream } from "./chance.ts";
import type { Party, Seat, World } from "./world.ts";

const MINUTE_MS = 60_000;
/** Two clocks of ours then differ by less than the skew that limits allow. */
const CLOCK_WITHIN_MS = 4_500;
const LOOKED_BEFORE_MS = 5 * MINUTE_MS;

/** Makes a plan's faults happen at their instants, and makes all of them stop when the chaos ends. */
export class Faults {
  readonly #world: World;
  readonly #callers: Callers;
  readonly #chance: Stream;
  /** Overlapping faults of one kind: the last to end ends it. */
  readonly #active = new Map<string, number>();
  readonly #trying = new Set<Party>();
  readonly #everDisabled = new Set<Party>();
  #secrets = 1;
  #untold: string | null = null;
  #told: { readonly secret: string; readonly atMs: number } | null = null;
  #over = false;

  constructor(world: World, callers: Callers) {
    this.#world = world;
    this.#callers = callers;
    this.#chance = stream(world.plan.seed, "faults");
  }

  place(plan: Plan): void {
    const { clock } = this.#world;
    const beginMs = clock.nowMs;
    this.#world.rates = plan.rates;
    for (const fault of plan.faults) {
      if (fault.kind === "fail-over") this.#placeFailOver(fault, beginMs);
      else clock.at(beginMs + fault.atMs, () => this.#happen(fault));
    }
  }

  /** Everything is well again: rates, weather, store, disks, nodes. People who took something back give it again. */
  heal(): void {
    this.#over = true;
    const world = this.#world;
    world.rates = {};
    world.weather = "fair";
    world.storeIsDown = false;
    world.setStoreClockRight();
    for (const seat of world.seats) {
      seat.armed = null;
      seat.awaited = null;
      seat.disk.full = false;
      seat.disk.failing = false;
      seat.way = "fair";
      seat.machine.setRight();
      this.#cut(seat, false);
      if (!seat.machine.isUp) world.start(seat);
    }
    if (this.#untold !== null) this.#tellSecret(this.#untold);
    // An operator who was not heard says it again.
    for (const party of this.#everDisabled) if (!party.wantsDisabled) this.#setDisabled(party, false);
    world.onAvailability();
  }

  #happen(fault: PlacedFault): void {
    if (this.#over) return;
    const world = this.#world;
    world.history.record({ kind: "fault", fault });
    this.#carryOut(fault);
    world.onAvailability();
  }

  #carryOut(fault: PlacedFault): void {
    const world = this.#world;
    switch (fault.kind) {
      case "crash": {
        const seat = this.#seat(fault.node);
        world.crash(seat, fault.downMs);
        if (fault.disk === "lost") world.loseDisk(seat);
        return;
      }
      case "crash-at-point":
        this.#arm(fault);
        return;
      case "deploy":
        return world.deploy(this.#seat(fault.node), fault.downMs);
      case "pause": {
        const { machine } = this.#seat(fault.node);
        machine.pause(fault.forMs, fault.how);
        world.history.record({ kind: "paused", node: machine.name, forMs: fault.forMs });
        world.clock.after(fault.forMs, () => world.onAvailability());
        return;
      }
      case "clock-jump":
        return this.#seat(fault.node).machine.jump(fault.byMs, CLOCK_WITHIN_MS);
      case "clock-leap": {
        const seat = this.#seat(fault.node);
        const happens = () => this.#setWrong((byMs) => world.leapClock(seat, byMs), fault);
        if (fault.amid === undefined) return happens();
        seat.awaited = { point: fault.amid, happens };
        return;
      }
      case "store-clock-leap":
        return this.#setWrong((byMs) => world.leapStoreClock(byMs), fault);
      case "store-down":
        return this.#during("store", fault.forMs, (on) => this.#storeDown(on));
      case "partition": {
        const seat = this.#seat(fault.node);
        return this.#during(`cut-${fault.node}`, fault.forMs, (on) => this.#cut(seat, on));
      }
      case "disk-full": {
        const { disk } = this.#seat(fault.node);
        return this.#during(`full-${fault.node}`, fault.forMs, (on) => {
          disk.full = on;
        });
      }
      case "fsync-error": {
        const { disk } = this.#seat(fault.node);
        return this.#during(`fsync-${fault.node}`, fault.forMs, (on) => {
          disk.failing = on;
        });
      }
      case "provider-down":
        return this.#during("weather", fault.forMs, (on) => {
          world.weather = on ? fault.how : "fair";
        });
      case "way-cut": {
        const seat = this.#seat(fault.node);
        // What the others see of the requests it leaves owed is decided by how often they look.
        world.lookClosely(fault.forMs + LOOKED_BEFORE_MS);
        return this.#during(`way-${fault.node}`, fault.forMs, (on) => {
          seat.way = on ? fault.how : "fair";
        });
      }
      case "storm":
        return this.#storm(fault.connection, fault.callers);
      case "fail-over":
        return;
      case "secret-replaced":
        return this.#replaceSecret(fault.toldAfterMs);
      default:
        return this.#byPeople(fault);
    }
  }

  /** A clock is set wrong, and right again. */
  #setWrong(set: (byMs: number) => void, { byMs, forMs }: { readonly byMs: number; readonly forMs: number }): void {
    const setNow = (ms: number) => {
      if (this.#over) return;
      // What nodes do with what was written meanwhile is decided by how often they look.
      this.#world.lookClosely(LOOKED_BEFORE_MS);
      set(ms);
    };
    setNow(byMs);
    this.#world.clock.after(forMs, () => setNow(-byMs));
  }

  #arm({ node, point, outcome, downMs }: Extract<PlacedFault, { kind: "crash-at-point" }>): void {
    const seat = this.#seat(node);
    if (point !== "replay") {
      seat.armed = { point, outcome: outcome ?? null, downMs };
      return;
    }
    // Only what was cut off with its answer in the journal is replayed: first one end there, then another in the start after it.
    seat.armed = {
      point: "journaled",
      outcome: outcome ?? null,
      downMs: 1_000,
      then: { point, outcome: outcome ?? null, downMs },
    };
  }

  #byPeople(
    fault: Extract<
      PlacedFault,
      { kind: "revoked-by-person" | "disconnected-at-provider" | "consent-again" | "disabled" }
    >,
  ): void {
    const { clock, history, provider } = this.#world;
    const party = this.#world.parties[fault.connection % this.#world.parties.length];
    if (party === undefined || party.grant === null) return;
    const { connection, grant } = party;
    switch (fault.kind) {
      case "revoked-by-person":
      case "disconnected-at-provider": {
        const did = fault.kind === "revoked-by-person" ? "revoked" : "disconnected";
        if (did === "revoked") provider.revokeByPerson(party.person);
        else provider.disconnect(party.person);
        party.withdrawn = true;
        party.withdrawals += 1;
        history.record({ kind: "person", did, connection, grant });
        clock.after(fault.consentsAgainAfterMs, () => this.consentAgain(party));
        return;
      }
      case "consent-again":
        return this.consentAgain(party);
      case "disabled":
        this.#everDisabled.add(party);
        this.#setDisabled(party, true);
        clock.after(fault.forMs, () => this.#setDisabled(party, false));
        return;
    }
  }

  /** Whoever finds the link of use opens it; if it does not work now, again a little later. */
  consentAgain(party: Party): void {
    // A consent that only the database had forgotten may have come back out of a journal.
    this.#world.comeBack(party).then(
      (isBack) => isBack || this.#consentAgain(party),
      () => undefined,
    );
  }

  #consentAgain(party: Party): void {
    const process = this.#anyProcess();
    if (process !== null) this.#world.consent(party, process).catch(() => undefined);
    if (!party.withdrawn || this.#trying.has(party)) return;
    // A process that ends on the way never answers, so nobody waits for its answer.
    this.#trying.add(party);
    this.#world.clock.after(10 * MINUTE_MS, () => {
      this.#trying.delete(party);
      if (party.withdrawn) this.consentAgain(party);
    });
  }

  #setDisabled(party: Party, disabled: boolean): void {
    const { clock, history } = this.#world;
    const process = this.#anyProcess();
    party.wantsDisabled = disabled;
    // From the first try on it may have been done.
    if (!disabled) party.disabledSinceMs = null;
    const again = () => {
      clock.after(MINUTE_MS, () => party.wantsDisabled === disabled && this.#setDisabled(party, disabled));
    };
    if (process === null) return again();
    process.setDisabled(party.connection, disabled).then(() => {
      if (party.wantsDisabled !== disabled) return;
      party.disabledSinceMs = disabled ? clock.nowMs : null;
      const did = disabled ? "disabled" : "enabled";
      history.record({ kind: "person", did, connection: party.connection, grant: party.grant });
    }, again);
  }

  #replaceSecret(toldAfterMs: number): void {
    const { clock, provider } = this.#world;
    this.#secrets += 1;
    const secret = `canary-client-secret-${this.#secrets}`;
    provider.replaceSecret(secret);
    this.#world.appIsLockedOut = true;
    this.#untold = secret;
    clock.after(toldAfterMs, () => this.#tellSecret(secret));
  }

  // The operator says it until somebody has confirmed it; a process that ends on the way never answers.
  #tellSecret(secret: string): void {
    if (this.#untold !== secret) return;
    this.#anyProcess()
      ?.addSecret(secret)
      .then(
        () => {
          if (this.#untold !== secret) return;
          this.#untold = null;
          this.#told = { secret, atMs: this.#world.clock.nowMs };
          this.#world.appIsLockedOut = false;
          this.#world.onAvailability();
        },
        () => undefined,
      );
    this.#world.clock.after(MINUTE_MS, () => this.#tellSecret(secret));
  }

  #storm(connection: number, callers: number): void {
    const party = this.#world.parties[connection % this.#world.parties.length];
    // A node that has not heard of a new secret sends its old one first: two requests, and no stampede.
    const knowsSecret = this.#secrets === 1;
    const isClean = knowsSecret && this.#active.size === 0 && Object.keys(this.#world.rates).length === 0;
    if (party !== undefined) this.#callers.storm(party, callers, isClean && this.#world.isAllGood);
  }

  #placeFailOver(fault: Extract<PlacedFault, { kind: "fail-over" }>, beginMs: number): void {
    const world = this.#world;
    const { clock } = world;
    const atMs = beginMs + fault.atMs;
    // How often nodes look decides what they see of a store that goes back: around it they look as often as in production.
    world.clock.at(atMs - fault.losesMs - LOOKED_BEFORE_MS, () =>
      world.lookClosely(fault.losesMs + 2 * LOOKED_BEFORE_MS),
    );
    world.clock.at(atMs - fault.losesMs, () => {
      const toMs = world.clock.nowMs;
      const snapshot = world.database.snapshot();
      world.clock.at(atMs, () => {
        if (this.#over) return;
        world.history.record({ kind: "fault", fault });
        this.#during("store", fault.downMs, (on) => this.#storeDown(on));
        world.database.restore(snapshot);
        world.history.record({ kind: "rewound", toMs });
        this.#sayAgain(toMs);
        // A pooler may hide from the drivers that they talk to another server.
        if (this.#chance.happens(0.5)) clock.after(fault.downMs + 1, () => world.announceNewPrimary());
      });
    });
  }

  // What people told a database that has forgotten it they have to tell it again: no journal holds an operator's words.
  #sayAgain(sinceMs: number): void {
    const { clock, parties } = this.#world;
    for (const party of parties) {
      if (party.consentedAtMs > sinceMs) {
        party.forgotten = !party.withdrawn;
        party.withdrawn = true;
        clock.after(10 * MINUTE_MS, () => party.withdrawn && this.consentAgain(party));
      }
      if (this.#everDisabled.has(party)) clock.after(MINUTE_MS, () => this.#setDisabled(party, party.wantsDisabled));
    }
    const told = this.#told;
    // A later one that nobody was told of yet has taken its place at the provider.
    if (told !== null && told.atMs > sinceMs && this.#untold === null) {
      this.#untold = told.secret;
      this.#world.appIsLockedOut = true;
      clock.after(MINUTE_MS, () => this.#tellSecret(told.secret));
    }
  }

  #during(name: string, forMs: number, set: (on: boolean) => void): void {
    this.#active.set(name, (this.#active.get(name) ?? 0) + 1);
    set(true);
    this.#world.onAvailability();
    this.#world.clock.after(forMs, () => {
      const left = (this.#active.get(name) ?? 1) - 1;
      if (left > 0) return void this.#active.set(name, left);
      this.#active.delete(name);
      if (!this.#over) set(false);
      this.#world.onAvailability();
    });
  }

  #storeDown(on: boolean): void {
    this.#world.storeIsDown = on;
    for (const seat of this.#world.seats)
      seat.reachesStoreSinceMs = on ? Number.POSITIVE_INFINITY : this.#world.clock.nowMs;
  }

  #cut(seat: Seat, on: boolean): void {
    seat.isCut = on;
    seat.reachesStoreSinceMs = on ? Number.POSITIVE_INFINITY : this.#world.clock.nowMs;
  }

  #seat(node: number): Seat {
    const seat = this.#world.seats[node % this.#world.seats.length];
    if (seat === undefined) throw new Error("a world without nodes");
    return seat;
  }

  #anyProcess() {
    const ready = this.#world.seats.filter(
      ({ machine, process }) => process !== null && machine.isUp && !machine.life.starting,
    );
    return ready.length === 0 ? null : this.#chance.pick(ready).process;
  }
}
