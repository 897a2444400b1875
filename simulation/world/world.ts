import type { GrantId, NodeId } from "@evergrant/core";
import { DEFAULT_LIMITS, EvergrantError } from "@evergrant/core";
import {
  type ClockReading,
  type GrantChange,
  type MemoryDatabase,
  memoryDatabase,
  NodeClock,
  type Point,
  type Store,
  type Time,
} from "@evergrant/keeper/parts";
import {
  CRASH_OUTCOMES,
  type CrashOutcome,
  type CrashPoint,
  type LeapPoint,
  type Plan,
  type Rates,
} from "../plan/plan.ts";
import { type Stream, stream } from "./chance.ts";
import { Clock } from "./clock.ts";
import type { Contender, ContenderProcess } from "./contender.ts";
import { Disk } from "./disk.ts";
import { History } from "./history.ts";
import { challengeOf } from "./keeper-process.ts";
import { type Life, Machine } from "./machine.ts";
import { MODES, type Mode, switchesOf } from "./modes.ts";
import { Network, type Weather } from "./network.ts";
import { deploymentAt, provenanceOf, watchedJournal } from "./provenance.ts";
import { FIRST_SECRET, Provider } from "./provider.ts";
import { overWire, type StoreLinkParts, storeLink } from "./store-link.ts";
import { Vault } from "./vault.ts";

export const START_MS = Date.UTC(2026, 0, 1);
const KEPT_EVENTS = 200;
const RESTART_MS = 60_000;
const STORE_LATENCIES_MS = [0, 0, 2, 20] as const;

/** How much slower than in production nodes look for what others wrote: while things go wrong, and while nothing does. */
export const PACE_STRETCH = { chaos: 60, quiet: 1_440 } as const;
/** A new consent takes nodes so long, as they look for what others wrote more seldom than in production. */
export const HEARD_AFTER_MS = 6 * 60_000;

const BEFORE_AN_ANSWER: ReadonlySet<CrashPoint> = new Set([
  "before-intent",
  "intent-written",
  "intent-journaled",
  "sent",
]);

/** A connection as people know it: its name, and whose organisation it is. */
export interface Party {
  readonly connection: string;
  readonly person: string;
  grant: GrantId | null;
  disabledSinceMs: number | null;
  /** What an operator last asked for; it may take some tries. */
  wantsDisabled: boolean;
  /** The person took it back at the provider, and has not given it again. */
  withdrawn: boolean;
  /** How often the person took it back. */
  withdrawals: number;
  /** The database went back to before its consent; until a journal brings it back it counts as withdrawn. */
  forgotten: boolean;
  consentedAtMs: number;
  /** The family that the last consent began at the provider; null where it could not be seen. */
  family: string | null;
}

/** A process that will end at a named point, and come back. */
export interface ArmedCrash {
  readonly point: CrashPoint;
  readonly outcome: CrashOutcome | null;
  readonly downMs: number;
  /** What ends the next life. */
  readonly then?: ArmedCrash;
}

export interface Seat {
  readonly machine: Machine;
  readonly disk: Disk;
  readonly chance: Stream;
  node: NodeId;
  process: ContenderProcess | null;
  /** The time that its process goes by; null before the first. */
  clock: NodeClock | null;
  /** Alone, it cannot know what time it is: its machine's clock was set back while it was away, or slept. */
  isMisled: boolean;
  isCut: boolean;
  /** How its own way to the provider is. */
  way: Weather;
  /** Since when the store could be reached from here without a break; never while it cannot. */
  reachesStoreSinceMs: number;
  armed: ArmedCrash | null;
  /** What happens the next time its process is there. */
  awaited: { readonly point: LeapPoint; readonly happens: () => void } | null;
  /** How the last request of this node ended. */
  lastOutcome: CrashOutcome;
}

/** Nodes, database, network and provider in one process, on one clock, from one seed. */
export class World {
  readonly plan: Plan;
  readonly mode: Mode;
  readonly clock: Clock;
  readonly history: History;
  readonly provider: Provider;
  readonly vault = new Vault();
  readonly database: MemoryDatabase;
  /** The database without a wire, for whoever only looks. */
  readonly looking: Store;
  readonly parties: Party[] = [];
  readonly seats: readonly Seat[];
  readonly #network: Network;
  readonly #contender: Contender;
  readonly #storeTime: Time;
  readonly #latencyMs: number;
  rates: Rates = {};
  weather: Weather = "fair";
  storeIsDown = false;
  /** The app has a secret at the provider that nobody has told us yet. */
  appIsLockedOut = false;
  #stretch: number = PACE_STRETCH.chaos;
  #closelyUntilMs = 0;
  #storeLeaptMs = 0;
  readonly #primaryListeners = new Set<() => void>();
  onCrashAtPoint: (point: CrashPoint, outcome: CrashOutcome) => void = () => undefined;
  onAvailability: () => void = () => undefined;

  constructor(plan: Plan, contenderOf: (world: World) => Contender) {
    this.plan = plan;
    this.mode = MODES[plan.mode];
    this.clock = new Clock(START_MS, stream(plan.seed, "ties"));
    this.history = new History(() => this.clock.nowMs, KEPT_EVENTS);
    this.provider = new Provider(() => this.clock.nowMs, switchesOf(this.mode, plan.lives));
    const own = stream(plan.seed, "world");
    const skew = () => (own.draw() * 2 - 1) * plan.skewMs;
    const storeOffsetMs = Math.round(skew());
    const isShared = isSharedIn(plan);
    this.#storeTime = {
      // A file has no clock of its own.
      wallMs: () =>
        (isShared ? null : this.seats[0]?.clock?.time.wallMs()) ??
        this.clock.nowMs + storeOffsetMs + this.#storeLeaptMs,
      monotonicMs: () => this.clock.nowMs,
      setTimer: () => ({ cancel: () => undefined }),
    };
    this.database = memoryDatabase({ time: this.#storeTime });
    this.looking = this.database.storeOf("auditor" as NodeId);
    this.#latencyMs = own.pick(STORE_LATENCIES_MS);
    this.#network = new Network(
      {
        clock: this.clock,
        provider: this.provider,
        history: this.history,
        chance: stream(plan.seed, "network"),
        mode: this.mode,
        rates: () => this.rates,
        onAvailability: () => this.onAvailability(),
      },
      challengeOf,
    );
    this.seats = Array.from({ length: plan.nodes }, (_, index) => ({
      machine: new Machine(this.clock, index, { offsetMs: skew(), drift: (own.draw() * 2 - 1) * 1e-6 }),
      disk: new Disk(stream(plan.seed, `disk-${index}`)),
      chance: stream(plan.seed, `node-${index}`),
      node: `node-${index}` as NodeId,
      process: null,
      clock: null,
      isMisled: false,
      isCut: false,
      way: "fair",
      reachesStoreSinceMs: 0,
      armed: null,
      awaited: null,
      lastOutcome: "pending",
    }));
    this.#contender = contenderOf(this);
  }

  /** Before anything goes wrong: the app, the connections, and each person's first consent. */
  async setUp(): Promise<void> {
    await this.looking.deployment.create(deploymentAt(START_MS));
    for (const seat of this.seats) this.start(seat);
    await this.clock.runUntil(this.clock.nowMs + 1_000);
    const process = this.seats[0]?.process;
    if (process == null) throw new Error("no node came up");
    await this.#finish(process.setUp(FIRST_SECRET));
    for (let index = 0; index < this.plan.connections; index += 1) {
      const party: Party = {
        connection: `c-${index}`,
        person: `p-${index}`,
        grant: null,
        disabledSinceMs: null,
        wantsDisabled: false,
        withdrawn: false,
        withdrawals: 0,
        forgotten: false,
        consentedAtMs: 0,
        family: null,
      };
      this.provider.addPerson(party.person);
      this.parties.push(party);
      await this.#finish(this.consent(party, process));
    }
    // Nodes know connections from their start, and from what they did themselves.
    for (const seat of this.seats.slice(1)) this.restart(seat);
    await this.clock.runUntil(this.clock.nowMs + 10_000);
  }

  async consent(party: Party, process: ContenderProcess): Promise<void> {
    const { withdrawals } = party;
    const grant = await process.connect(party.connection, party.person);
    if (grant === null) return;
    party.grant = grant;
    // Taken back while it was on its way: what it brought may be dead already.
    if (party.withdrawals !== withdrawals) return;
    party.withdrawn = false;
    party.forgotten = false;
    party.consentedAtMs = this.clock.nowMs;
    this.history.record({ kind: "person", did: "consented", connection: party.connection, grant });
    party.family = (await this.#held(party.connection))?.family ?? null;
  }

  /** Whether a consent that the database had forgotten is in it again, out of a journal. */
  async comeBack(party: Party): Promise<boolean> {
    if (!party.forgotten) return false;
    const held = await this.#held(party.connection);
    // The tokens of the consent before it may live as well: they bring nothing back that the later one brought.
    if (held === null || held.family !== party.family || !this.provider.wouldAccept(held.refreshToken)) return false;
    party.grant = held.grant;
    party.withdrawn = false;
    party.forgotten = false;
    this.history.record({ kind: "person", did: "consented", connection: party.connection, grant: party.grant });
    return true;
  }

  /** The head that the store has for a live connection, and the consent that it came from. */
  async #held(name: string): Promise<{ grant: GrantId; refreshToken: string; family: string | null } | null> {
    const connection = await this.looking.connections.findByName(name);
    const grant = connection?.grant == null ? undefined : await this.looking.grants.load(connection.grant);
    const chain = grant?.state.kind === "live" ? grant.state.chain : null;
    const head = chain?.renewal.kind === "refresh-token" ? chain.renewal.head.version : null;
    const stored = head === null ? undefined : await this.looking.grants.token(head);
    if (stored?.refreshToken == null) return null;
    const refreshToken = this.vault.look(stored.refreshToken);
    return { grant: stored.grant, refreshToken, family: this.provider.familyOf(refreshToken) ?? null };
  }

  start(seat: Seat): void {
    const { machine } = seat;
    const life = machine.begin();
    seat.isMisled = machine.isBehind && !isSharedIn(this.plan);
    const process = this.#contender(this.#portsOf(seat, life));
    seat.process = process;
    this.history.record({ kind: "started", node: machine.name, detail: String(life.number) });
    process.start().then(
      () => {
        life.starting = false;
        this.onAvailability();
      },
      (error: unknown) => {
        if (!life.alive) return;
        this.#failed(machine.name, "start", error);
        this.crash(seat, RESTART_MS);
      },
    );
  }

  /** The machine's clock is set wrong, or right again. */
  leapClock(seat: Seat, byMs: number): void {
    const { machine } = seat;
    machine.leap(byMs);
    if (byMs < 0 && machine.isPaused && !isSharedIn(this.plan)) seat.isMisled = true;
  }

  /** The clock of a database that nodes share is set wrong by so much, or by as much less once that is over. */
  leapStoreClock(byMs: number): void {
    this.#storeLeaptMs += byMs;
  }

  /** Somebody has set it right. */
  setStoreClockRight(): void {
    this.#storeLeaptMs = 0;
  }

  /** The process ends at once, and comes again later. */
  crash(seat: Seat, downMs: number): void {
    const { machine } = seat;
    if (machine.isUp) this.history.record({ kind: "crashed", node: machine.name, detail: "" });
    machine.kill();
    seat.disk.crash();
    seat.process = null;
    this.onAvailability();
    const { number } = machine.life;
    this.clock.after(downMs, () => {
      if (machine.life.number === number && !machine.isUp) this.start(seat);
    });
  }

  restart(seat: Seat): void {
    this.crash(seat, 0);
  }

  /** The process ends in good order: nothing new, what is on its way is finished, then it is gone. */
  deploy(seat: Seat, downMs: number): void {
    const { process, machine } = seat;
    if (process === null || !machine.isUp) return;
    const { life } = machine;
    const end = () => {
      if (life.alive) this.crash(seat, downMs);
    };
    process.stop().then(end, end);
    // What a supervisor does with a process that does not end.
    this.clock.after(60_000, end);
  }

  loseDisk(seat: Seat): void {
    seat.disk.lose();
    seat.node = `${seat.node}'` as NodeId;
    this.history.record({ kind: "disk-lost", node: seat.machine.name, detail: "" });
  }

  /** The drivers of all nodes see that another server is the primary now. */
  announceNewPrimary(): void {
    for (const heard of this.#primaryListeners) heard();
  }

  /** For a while nodes look for what others wrote as often as in production. */
  lookClosely(forMs: number): void {
    this.#closelyUntilMs = Math.max(this.#closelyUntilMs, this.clock.nowMs + forMs);
  }

  /** From now on nothing goes wrong, so there is little to look for. */
  calm(): void {
    this.#stretch = PACE_STRETCH.quiet;
  }

  /** Whether any node could repair something now: up, with store, journal and provider. */
  get isAllGood(): boolean {
    if (this.weather !== "fair" || this.appIsLockedOut || this.#network.isDisagreeing) return false;
    return !this.storeIsDown && this.seats.some((seat) => seat.way === "fair" && canWrite(seat));
  }

  /** The same without the provider: whether any node could write something down. */
  get isStoreGood(): boolean {
    return !this.storeIsDown && this.seats.some(canWrite);
  }

  #portsOf(seat: Seat, life: Life) {
    const { machine, disk, chance } = seat;
    const { plan, history } = this;
    const weather = () => (this.weather === "fair" ? seat.way : this.weather);
    const isShared = isSharedIn(plan);
    const time = machine.timeOf(life);
    const clock = new NodeClock(time, DEFAULT_LIMITS);
    seat.clock = clock;
    const journal = watchedJournal(seat.node, disk, {
      machine,
      life,
      rates: () => this.rates,
      onDurable: (record) => history.record({ kind: "journaled", node: machine.name, record }),
    });
    const linkParts: StoreLinkParts = {
      store: this.database.storeOf(seat.node, () => journal.mark()),
      machine,
      life,
      chance,
      rates: () => this.rates,
      latencyMs: this.#latencyMs,
      history,
      isAway: () => this.storeIsDown || seat.isCut,
      readsGrant: () => this.#passes(seat, "grant-read"),
      endsBeforeIntent: () => this.#endsAt(seat, "before-intent", "pending"),
      endsInReplay: (change) => this.#endsAt(seat, "replay", outcomeOf(change)),
    };
    if (isShared) clock.follow(() => this.#clockSkew(time, linkParts));
    return {
      node: seat.node,
      life: life.number,
      ...{ time, clock },
      chance: stream(plan.seed, `${machine.name}.${life.number}`),
      store: storeLink(linkParts),
      journal,
      provenance: provenanceOf(disk, journal, !isShared),
      tokenEndpoint: this.#network.endpointFor({
        ...{ machine, life, weather },
        onEnding: (outcome) => {
          seat.lastOutcome = outcome;
        },
      }),
      vault: this.vault,
      provider: this.provider,
      reached: (point: Point) => {
        if (!life.alive) return;
        this.#passes(seat, point);
        this.#endsAt(seat, point, BEFORE_AN_ANSWER.has(point) ? "pending" : seat.lastOutcome);
      },
      report: ({ what, error }: { what: string; error: unknown }) => {
        if (life.alive) this.#failed(machine.name, what, error);
      },
      isShared,
      onNewPrimary: (listener: () => void) => {
        const heard = () => void machine.deliver(life, 0, listener);
        this.#primaryListeners.add(heard);
        return () => this.#primaryListeners.delete(heard);
      },
      paceStretch: () => (this.clock.nowMs < this.#closelyUntilMs ? 1 : this.#stretch),
      apiAnswers: () => weather() === "fair" && !chance.happens(this.rates["tenants-unreachable"] ?? 0),
      overWire: <T>(work: () => Promise<T>) => overWire(linkParts, work),
    };
  }

  /** As a database is asked for its time. */
  async #clockSkew(time: Time, linkParts: StoreLinkParts): Promise<ClockReading> {
    const askedAtMs = time.monotonicMs();
    const serverMs = await overWire(linkParts, async () => this.#storeTime.wallMs());
    const withinMs = Math.ceil((time.monotonicMs() - askedAtMs) / 2);
    return { skewMs: serverMs - (time.wallMs() - withinMs), withinMs };
  }

  #passes(seat: Seat, point: LeapPoint): void {
    const { awaited } = seat;
    if (awaited?.point !== point) return;
    seat.awaited = null;
    awaited.happens();
  }

  #endsAt(seat: Seat, point: CrashPoint, outcome: CrashOutcome): boolean {
    const { armed } = seat;
    if (armed?.point !== point || (armed.outcome !== null && armed.outcome !== outcome)) return false;
    seat.armed = armed.then ?? null;
    this.onCrashAtPoint(point, outcome);
    this.crash(seat, armed.downMs);
    return true;
  }

  #failed(node: string, what: string, error: unknown): void {
    const text = error instanceof EvergrantError ? `${error.code} ${error.message}` : `unexpected ${String(error)}`;
    this.history.record({ kind: "failed", node, what, text });
  }

  async #finish(work: Promise<void>): Promise<void> {
    const state: { over: boolean; error: unknown } = { over: false, error: null };
    work.then(
      () => {
        state.over = true;
      },
      (error: unknown) => {
        state.over = true;
        state.error = error;
      },
    );
    for (let round = 0; !state.over && round < 1_000; round += 1) await this.clock.runUntil(this.clock.nowMs + 500);
    if (!state.over || state.error !== null) throw new Error("setting up did not end well", { cause: state.error });
  }
}

/** Whether others write to the same database, or it may go back in time. */
function isSharedIn({ nodes, faults }: Plan): boolean {
  return nodes > 1 || faults.some(({ kind }) => kind === "fail-over");
}

function canWrite({ machine, isCut, disk }: Seat): boolean {
  return machine.isUp && !machine.life.starting && !machine.isPaused && !isCut && !disk.full && !disk.failing;
}

/** What a replayed answer was, from what is to be written about it. */
function outcomeOf(change: GrantChange | null): CrashOutcome {
  const record = change?.records.audit[0];
  switch (record?.event) {
    case "refused":
      return "rejected";
    case "attempt-failed":
    case "attempt-overtaken": {
      const told = record.facts["class"];
      return CRASH_OUTCOMES.find((outcome) => outcome === told) ?? "ambiguous";
    }
    default:
      return "success";
  }
}
