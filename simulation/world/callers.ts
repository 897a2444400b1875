import { DEFAULT_LIMITS, EvergrantError, type GrantId } from "@evergrant/core";
import { PACES } from "../plan/plan.ts";
import { type Stream, stream } from "./chance.ts";
import { PACE_STRETCH, type Party, type Seat, type World } from "./world.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A node that could not hear of it for a while may still serve a connection that was disabled meanwhile. */
const HEARS_WITHIN_MS = 2 * DEFAULT_LIMITS.authzMaxStaleMs * PACE_STRETCH.chaos + MINUTE_MS;

/** The servers that ask for tokens: some every few minutes, most once in a while, all of them now and then at once. */
export class Callers {
  readonly #world: World;
  readonly #chance: Stream;
  #asking = true;
  #insistUntilMs = Number.NEGATIVE_INFINITY;

  constructor(world: World) {
    this.#world = world;
    this.#chance = stream(world.plan.seed, "callers");
  }

  begin(): void {
    this.#asking = true;
    const { askedEveryMs } = PACES[this.#world.plan.pace];
    for (const [index, party] of this.#world.parties.entries()) {
      if (index < this.#world.plan.hot)
        this.#askAgain(party, () => this.#chance.between(askedEveryMs / 10, askedEveryMs));
      else if (index % 4 === 0) this.#askAgain(party, () => this.#chance.between(DAY_MS / 2, 2 * DAY_MS));
    }
  }

  end(): void {
    this.#asking = false;
  }

  /** Until then whoever is told to come again does so when he was told to. */
  insist(untilMs: number): void {
    this.#insistUntilMs = untilMs;
  }

  /** Many at once, at every node that is up. */
  storm(party: Party, callers: number, clean: boolean): void {
    const { history, seats } = this.#world;
    if (party.grant === null || party.withdrawn || party.disabledSinceMs !== null) return;
    history.record({ kind: "storm", connection: party.connection, grant: party.grant, callers, clean });
    for (const seat of seats) for (let count = 0; count < callers; count += 1) this.ask(party, seat);
  }

  ask(party: Party, seat: Seat): void {
    const { machine, process } = seat;
    const { life } = machine;
    const { grant } = party;
    if (process === null || !life.alive || machine.isPaused || life.starting || grant === null) return;
    const disabledSinceMs = this.#knownDisabled(party, seat);
    process.ask(party.connection).then(
      (token) => {
        if (!life.alive) return;
        this.#world.history.record({
          kind: "served",
          node: machine.name,
          connection: party.connection,
          grant,
          owner: party.person,
          disabledSinceMs,
          misled: seat.isMisled,
          ...token,
        });
        if (this.#chance.happens(0.3)) this.#use(token.accessToken);
      },
      (error: unknown) => {
        if (!life.alive) return;
        this.#refused(party, machine.name, error);
        this.#comeAgain(party, seat, error);
      },
    );
  }

  #askAgain(party: Party, pauseMs: () => number): void {
    this.#world.clock.after(pauseMs(), () => {
      if (!this.#asking) return;
      this.ask(party, this.#chance.pick(this.#world.seats));
      this.#askAgain(party, pauseMs);
    });
  }

  #use(accessToken: string): void {
    this.#world.clock.after(this.#chance.between(1, 500), () => {
      if (this.#world.weather === "fair") this.#world.provider.call(accessToken);
    });
  }

  #comeAgain(party: Party, seat: Seat, error: unknown): void {
    const { clock } = this.#world;
    const afterMs = error instanceof EvergrantError ? error.retryAfterMs : null;
    if (afterMs !== null && clock.nowMs + afterMs < this.#insistUntilMs)
      clock.after(afterMs, () => this.ask(party, seat));
  }

  #knownDisabled({ disabledSinceMs }: Party, seat: Seat): number | null {
    const hears = seat.reachesStoreSinceMs + HEARS_WITHIN_MS < this.#world.clock.nowMs;
    const { nowMs } = this.#world.clock;
    return disabledSinceMs !== null && hears && disabledSinceMs + HEARS_WITHIN_MS < nowMs ? disabledSinceMs : null;
  }

  #refused(party: Party, node: string, error: unknown): void {
    const code = error instanceof EvergrantError ? error.code : "not-an-evergrant-error";
    const text = error instanceof Error ? `${error.message} ${error.stack ?? ""}` : String(error);
    this.#world.history.record({ kind: "refused", node, connection: party.connection, grant: party.grant, code, text });
  }
}

export function partyOfGrant(world: World, grant: GrantId): Party | undefined {
  return world.parties.find((party) => party.grant === grant);
}
