import {
  type ChainId,
  chainOf,
  DEFAULT_LIMITS,
  type GrantId,
  type GrantState,
  standsBackAtMostMs,
  type Timing,
  type TokenVersionId,
  timing,
} from "@evergrant/core";
import type { JournalRecord } from "@evergrant/keeper/parts";
import type { AuditorView } from "../checkers/checker.ts";
import { refreshTokenIn } from "./ending-kind.ts";
import type { EventOf } from "./history.ts";
import { policyOf } from "./modes.ts";
import type { Party, Seat, World } from "./world.ts";

const MINUTE_MS = 60_000;
const BACK_MS = standsBackAtMostMs(DEFAULT_LIMITS);
/**
 * A lease that has to run out, the longest back-off, what is left to others first, and one request: within this time of fair weather
 * anything can be repaired.
 */
const REPAIR_MS =
  DEFAULT_LIMITS.leaseMs + DEFAULT_LIMITS.retryMaxMs + DEFAULT_LIMITS.requestTimeoutMs + BACK_MS + MINUTE_MS;

/** A node that is back needs a while until what it knows is in the store: its replay may meet a lease or a back-off. */
const SPOKEN_AFTER_MS = DEFAULT_LIMITS.leaseMs + DEFAULT_LIMITS.retryMaxMs + MINUTE_MS;

const WATCHED = ["stored", "rewound", "requested", "executed", "answered"] as const;

interface Kept {
  readonly grant: GrantId;
  readonly chain: ChainId;
  readonly version: TokenVersionId;
  readonly parent: TokenVersionId | null;
  readonly refreshToken: string | null;
  readonly accessToken: string;
  readonly storedAtMs: number;
  inStore: boolean;
}

interface Asked {
  readonly node: string;
  readonly life: number;
  readonly presents: string;
  isOver: boolean;
}

interface OnItsWay {
  readonly grant: GrantId;
  readonly node: string;
  readonly life: number;
  readonly refreshToken: string;
  arrivedAtMs: number | null;
}

/** Sees everything and takes part in nothing: what the ledger, the stores and the disks say about each grant. */
export class Auditor implements AuditorView {
  readonly #world: World;
  readonly #versions = new Map<TokenVersionId, Kept>();
  readonly #ofGrant = new Map<GrantId, Kept[]>();
  readonly #journaledTokens = new WeakMap<JournalRecord, string | null>();
  readonly #byRefreshToken = new Map<string, Kept>();
  readonly #byAccessToken = new Map<string, Kept>();
  readonly #states = new Map<GrantId, GrantState>();
  readonly #parties = new Map<GrantId, Party>();
  readonly #requests = new Map<number, Asked>();
  /** Grants of which an answer with tokens reached nobody. */
  readonly #lost = new Map<GrantId, number>();
  /** The same, but for what one node lost while another could have had it: it ought to have left it to that one. */
  readonly #lostToAll = new Map<GrantId, number>();
  readonly #onItsWay = new Map<number, OnItsWay>();
  readonly #onItsWayTo = new Map<GrantId, Set<OnItsWay>>();
  readonly #goodTimes: { readonly fromMs: number; toMs: number }[] = [];
  #isGood = false;
  #broken: number | null = null;
  #leaks: readonly string[] = [];
  readonly timing: Timing;

  constructor(world: World) {
    this.#world = world;
    const verdict = timing(policyOf(world.mode, world.plan.lives), DEFAULT_LIMITS);
    if (verdict.kind === "impossible") throw new Error(verdict.reasons.join(" "));
    this.timing = verdict.timing;
    world.onAvailability = () => this.noteAvailability();
    world.history.watch(WATCHED, (event) => this.#take(event));
  }

  get mode() {
    return this.#world.mode;
  }

  get nodes() {
    return this.#world.plan.nodes;
  }

  /** What can be known only when all is over. */
  conclude(found: { readonly broken: number | null; readonly leaks: readonly string[] }): void {
    this.#broken = found.broken;
    this.#leaks = found.leaks;
  }

  noteAvailability(): void {
    const { nowMs } = this.#world.clock;
    const last = this.#goodTimes.at(-1);
    const isGood = this.#world.isAllGood;
    if (this.#isGood && last !== undefined) last.toMs = nowMs;
    if (isGood && !this.#isGood) this.#goodTimes.push({ fromMs: nowMs, toMs: Number.POSITIVE_INFINITY });
    else if (isGood && last !== undefined) last.toMs = Number.POSITIVE_INFINITY;
    this.#isGood = isGood;
  }

  acceptedTokens(grant: GrantId, chain: ChainId): readonly string[] {
    return this.#accepted(grant, chain, "who-can-speak");
  }

  #accepted(grant: GrantId, chain: ChainId, from: "everybody" | "who-can-speak"): readonly string[] {
    const held = (this.#ofGrant.get(grant) ?? []).filter((kept) => kept.inStore && kept.chain === chain);
    const tokens = [...held.map(({ refreshToken }) => refreshToken), ...this.#journaled(grant, chain, from)];
    return [...new Set(tokens)].filter((token) => token !== null).filter((token) => this.#accepts(token));
  }

  holdsAcceptedToken(grant: GrantId): boolean {
    const chain = chainOf(this.#states.get(grant) ?? { kind: "unconsented" });
    if (chain === null) return false;
    if (chain.renewal.kind === "client-credentials") return true;
    const { head, previous, candidates } = chain.renewal;
    for (const token of [head, ...(previous === null ? [] : [previous]), ...candidates])
      if (this.#isAccepted(token.version)) return true;
    for (const answer of this.#onItsWayTo.get(grant) ?? [])
      if (this.#lives(answer) && this.#accepts(answer.refreshToken)) return true;
    return this.#accepted(grant, chain.id, "everybody").length > 0;
  }

  excuseFor(grant: GrantId): string | null {
    if (this.mode.forgives === "nothing" && this.#lostAnAnswer(grant))
      return "an answer was lost, and there is no grace";
    const chain = chainOf(this.#states.get(grant) ?? { kind: "unconsented" });
    if (chain === null || chain.renewal.kind === "client-credentials") return "no chain";
    const { repeat, limits } = this.timing;
    if (repeat.kind !== "for") return null;
    const { head, previous, suspect } = chain.renewal;
    // A head in doubt that a late stray killed unused: its parent could have stepped in while its grace lasted.
    const parentUsedAtMs = suspect === null || previous === null ? null : this.#firstUseOf(previous.version);
    const firstUsedAtMs = this.#firstUseOf(head.version) ?? parentUsedAtMs;
    if (firstUsedAtMs === null) return null;
    // Counted from the last loss; where a stray may have killed the token in hand, from when no stray can come any more.
    const strayMs = this.mode.strayKills ? limits.pauseToleratedMs + limits.marginMs : 0;
    const fromMs = Math.max(firstUsedAtMs, this.#lostToAll.get(grant) ?? 0) + strayMs;
    const untilMs = firstUsedAtMs + repeat.ms - 2 * (limits.requestTimeoutMs + limits.marginMs);
    return this.wasGood(fromMs, untilMs, REPAIR_MS) ? null : "nobody could have repeated it within the grace";
  }

  wasGood(fromMs: number, untilMs: number, forMs: number): boolean {
    return this.#goodTimes.some((good) => Math.min(good.toMs, untilMs) - Math.max(good.fromMs, fromMs) >= forMs);
  }

  isWanted(grant: GrantId): boolean {
    const party = this.#partyOf(grant);
    return party !== undefined && !party.withdrawn;
  }

  #partyOf(grant: GrantId): Party | undefined {
    const known = this.#parties.get(grant);
    if (known?.grant === grant) return known;
    const found = this.#world.parties.find((party) => party.grant === grant);
    if (found !== undefined) this.#parties.set(grant, found);
    return found;
  }

  grants(): readonly GrantId[] {
    return this.#world.parties.flatMap(({ grant }) => grant ?? []);
  }

  accessFacts(accessToken: string) {
    return this.#world.provider.accessFacts(accessToken);
  }

  chainOf(version: TokenVersionId): ChainId | undefined {
    return this.#versions.get(version)?.chain;
  }

  parentOf(version: TokenVersionId): TokenVersionId | null {
    return this.#versions.get(version)?.parent ?? null;
  }

  versionOf(refreshToken: string) {
    return this.#byRefreshToken.get(refreshToken);
  }

  isDurable(accessToken: string): boolean {
    if (this.#byAccessToken.get(accessToken)?.inStore === true) return true;
    return this.#world.seats.some(({ disk }) => disk.holds(accessToken));
  }

  brokenAuditRecord(): number | null {
    return this.#broken;
  }

  leaks(): readonly string[] {
    return this.#leaks;
  }

  #take(event: EventOf<(typeof WATCHED)[number]>): void {
    switch (event.kind) {
      case "stored":
        this.#states.set(event.grant, event.after);
        for (const token of event.tokens) {
          const { grant, chain, parent, id: version } = token;
          const refreshToken = token.refreshToken === null ? null : this.#world.vault.look(token.refreshToken);
          const accessToken = this.#world.vault.look(token.accessToken);
          const kept: Kept = {
            grant,
            chain,
            version,
            parent,
            refreshToken,
            accessToken,
            storedAtMs: event.atMs,
            inStore: true,
          };
          this.#versions.set(version, kept);
          const ofGrant = this.#ofGrant.get(grant);
          if (ofGrant === undefined) this.#ofGrant.set(grant, [kept]);
          else ofGrant.push(kept);
          this.#byAccessToken.set(accessToken, kept);
          if (refreshToken !== null) this.#byRefreshToken.set(refreshToken, kept);
        }
        return;
      case "rewound":
        for (const kept of this.#versions.values()) if (kept.storedAtMs > event.toMs) kept.inStore = false;
        return;
      case "requested":
        this.#requests.set(event.request, { ...event, isOver: false });
        return;
      case "executed": {
        const request = this.#requests.get(event.request);
        const grant = this.#byRefreshToken.get(request?.presents ?? "")?.grant;
        const refreshToken = event.issued?.refreshToken ?? null;
        // A stray that came late, where there is no grace: as unforgiven as a lost answer.
        if (event.decision === "reuse" && grant !== undefined) this.#lost.set(grant, event.atMs);
        if (request === undefined || grant === undefined || refreshToken === null) return;
        if (request.isOver) this.#lose(grant, request);
        else this.#setOut(event.request, { grant, ...request, refreshToken });
        return;
      }
      case "answered":
        if (event.outcome !== "success") this.#giveUp(event.request);
        else this.#arrived(event.request, event.atMs);
        return;
    }
  }

  // Nobody waits for this request any more: what it brought, or may still bring, is not held by anybody.
  #giveUp(request: number): void {
    const asked = this.#requests.get(request);
    if (asked !== undefined) asked.isOver = true;
    const lost = this.#onItsWay.get(request);
    if (lost === undefined) return;
    this.#onItsWay.delete(request);
    this.#onItsWayTo.get(lost.grant)?.delete(lost);
    this.#lose(lost.grant, lost);
  }

  #setOut(request: number, { grant, node, life, refreshToken }: Omit<OnItsWay, "arrivedAtMs">): void {
    const answer: OnItsWay = { grant, node, life, refreshToken, arrivedAtMs: null };
    this.#onItsWay.set(request, answer);
    const others = this.#onItsWayTo.get(grant);
    if (others === undefined) this.#onItsWayTo.set(grant, new Set([answer]));
    else others.add(answer);
  }

  #lose(grant: GrantId, by: { readonly node: string } | undefined): void {
    const { nowMs } = this.#world.clock;
    this.#lost.set(grant, nowMs);
    const isOwnFault = this.#world.seats.some(({ machine, way }) => machine.name === by?.node && way !== "fair");
    if (!isOwnFault || !this.#isGood) this.#lostToAll.set(grant, nowMs);
  }

  #arrived(request: number, atMs: number): void {
    const asked = this.#requests.get(request);
    if (asked !== undefined) asked.isOver = true;
    const answer = this.#onItsWay.get(request);
    if (answer !== undefined) answer.arrivedAtMs = atMs;
  }

  #lostAnAnswer(grant: GrantId): boolean {
    if (this.#lost.has(grant)) return true;
    return [...(this.#onItsWayTo.get(grant) ?? [])].some(
      (answer) => !this.#lives(answer) && this.#byRefreshToken.get(answer.refreshToken)?.inStore !== true,
    );
  }

  // An answer that has arrived is in the journal a moment later, or it is lost.
  #lives({ node, life, arrivedAtMs }: OnItsWay): boolean {
    if (arrivedAtMs !== null && this.#world.clock.nowMs > arrivedAtMs + MINUTE_MS) return false;
    return this.#world.seats.some(
      ({ machine }) => machine.name === node && machine.life.number === life && machine.isUp,
    );
  }

  #isAccepted(version: TokenVersionId): boolean {
    const refreshToken = this.#versions.get(version)?.refreshToken ?? null;
    return refreshToken !== null && this.#accepts(refreshToken);
  }

  #accepts(refreshToken: string): boolean {
    return this.#world.provider.wouldAccept(refreshToken);
  }

  #firstUseOf(version: TokenVersionId): number | null {
    const refreshToken = this.#versions.get(version)?.refreshToken ?? null;
    return refreshToken === null ? null : this.#world.provider.firstUseMs(refreshToken);
  }

  // What lies in the journal of a node that is away can be told only when it is back; it then has to revive the grant.
  #canSpeak({ machine, reachesStoreSinceMs }: Seat): boolean {
    const { nowMs } = this.#world.clock;
    const sinceMs = Math.max(reachesStoreSinceMs, machine.upSinceMs, machine.pausedUntilMs);
    return machine.isUp && !machine.life.starting && nowMs > sinceMs + SPOKEN_AFTER_MS;
  }

  #journaled(grant: GrantId, chain: ChainId, from: "everybody" | "who-can-speak"): readonly string[] {
    const found: string[] = [];
    for (const seat of this.#world.seats) {
      if (from === "who-can-speak" && !this.#canSpeak(seat)) continue;
      for (const record of seat.disk.answersOf(grant)) {
        if (record.subject.kind !== "grant" || record.subject.chain !== chain) continue;
        const token = this.#refreshTokenIn(record);
        if (token !== null) found.push(token);
      }
    }
    return found;
  }

  #refreshTokenIn(record: Extract<JournalRecord, { kind: "answer" }>): string | null {
    const known = this.#journaledTokens.get(record);
    if (known !== undefined) return known;
    const token = refreshTokenIn(record.body.reveal());
    this.#journaledTokens.set(record, token);
    return token;
  }
}
