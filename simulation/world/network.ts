import { type Ending, Secret } from "@evergrant/core";
import type { TokenEndpoint, TokenRequest } from "@evergrant/keeper/parts";
import type { RateName, Rates } from "../plan/plan.ts";
import type { Stream } from "./chance.ts";
import type { Clock } from "./clock.ts";
import { type EndingKind, endingKind } from "./ending-kind.ts";
import type { History } from "./history.ts";
import type { Life, Machine } from "./machine.ts";
import type { Mode } from "./modes.ts";
import type { Execution, Provider } from "./provider.ts";

/** How the way to the provider is at the moment, for all or for one machine; `loses-answers`: what is asked is done, and nobody hears of it. */
export type Weather = "fair" | "refuses" | "swallows" | "loses-answers" | "html";

/**
 * What may befall the requests of one grant within a little more than a grace: the protocol is proven (see model/) for pairs of faults.
 * Outages, crashes and pauses that a plan places come on top.
 */
const MISFORTUNES_AT_MOST = 2;
const MISFORTUNES_WITHIN_MS = 40 * 60_000;
/** A spurious refusal lasts at most this long, and the next one does not come for a while. */
const SPURIOUS_MS = 8 * 60_000;
const SPURIOUS_PAUSE_MS = 60 * 60_000;
const STRAY_LIFE_MS = 15_000;
const HTML = "<!doctype html><title>502</title>";

/** What becomes of one request. */
interface Fate {
  readonly there: "arrives" | "lost" | "late" | "twice";
  readonly back: "whole" | "lost" | "slow" | "html-200" | "html-502";
  readonly instead: "rate-limited" | "unavailable" | "refused" | null;
}

export interface NetworkParts {
  readonly clock: Clock;
  readonly provider: Provider;
  readonly history: History;
  readonly chance: Stream;
  readonly mode: Mode;
  rates(): Rates;
  /** A spurious refusal, or the pause of a machine, began or ended. */
  onAvailability(): void;
}

/** A process at the provider's network. */
export interface Sender {
  readonly machine: Machine;
  readonly life: Life;
  /** The weather on its way. */
  weather(): Weather;
  onEnding(outcome: EndingKind): void;
}

/** What lies between the nodes and the provider. Requests have lives of their own: they do not end with whoever sent them. */
export class Network {
  readonly #parts: NetworkParts;
  readonly #misfortunes = new Map<string, readonly number[]>();
  readonly #doubted = new Set<string>();
  #disagreement = { about: "", untilMs: Number.NEGATIVE_INFINITY };
  #requests = 0;
  readonly challengeOf: (verifier: Secret) => string;

  constructor(parts: NetworkParts, challengeOf: (verifier: Secret) => string) {
    this.#parts = parts;
    this.challengeOf = challengeOf;
  }

  /** Whether the provider refuses a good token just now. */
  get isDisagreeing(): boolean {
    return this.#parts.clock.nowMs <= this.#disagreement.untilMs;
  }

  /** The token endpoint as one process reaches it. */
  endpointFor(sender: Sender): TokenEndpoint {
    return {
      send: async (request, sent) => {
        const ending = await this.#send(sender, request, sent);
        sender.onEnding(endingKind(ending));
        return ending;
      },
      revoke: async (request) => {
        if (sender.weather() !== "fair") return "failed";
        this.#parts.provider.revokeByClient(request.clientId, request.token.reveal());
        return "done";
      },
    };
  }

  #send({ machine, life, weather }: Sender, request: TokenRequest, sent: () => void): Promise<Ending> {
    return new Promise((resolve) => {
      if (!life.alive) return;
      const { chance, history } = this.#parts;
      const rates = this.#parts.rates();
      if (weather() === "refuses" || chance.happens(rates["connection-refused"] ?? 0)) {
        const ending: Ending = { kind: "broken", bytesSent: false, reason: "ECONNREFUSED" };
        machine.deliver(life, chance.between(1, 40), () => resolve(ending));
        return;
      }
      const leave = () => {
        this.#requests += 1;
        const number = this.#requests;
        const presents = presentedBy(request);
        history.record({
          kind: "requested",
          request: number,
          node: machine.name,
          life: life.number,
          grantType: request.grant.kind,
          presents,
        });
        let ended = false;
        const end = (ending: Ending) => {
          if (ended) return;
          ended = true;
          timeout.cancel();
          const outcome = endingKind(ending);
          history.record({ kind: "answered", request: number, node: machine.name, outcome });
          resolve(ending);
        };
        const timeout = machine.deliver(life, request.timeoutMs, () =>
          end({ kind: "broken", bytesSent: true, reason: "timeout" }),
        );
        this.#travel({ number, presents, request, weather: weather() }, (ending, afterMs) =>
          machine.deliver(life, afterMs, () => end(ending)),
        );
        sent();
      };
      if (chance.happens(rates["pause-in-send"] ?? 0) && this.#mayBefall(presentedBy(request))) {
        // The process stops between its last check and the first byte: what it checked is old when the request leaves.
        const forMs = chance.between(1_000, 11 * 60_000);
        machine.pause(forMs, "stopped");
        history.record({ kind: "paused", node: machine.name, forMs });
        this.#parts.onAvailability();
        machine.deliver(life, 0, () => {
          this.#parts.onAvailability();
          leave();
        });
      } else leave();
    });
  }

  #travel(
    {
      number,
      presents,
      request,
      weather,
    }: { number: number; presents: string; request: TokenRequest; weather: Weather },
    answer: (ending: Ending, afterMs: number) => void,
  ): void {
    const { clock, chance, history } = this.#parts;
    const fate = this.#fateOf(presents, weather);
    const thereMs =
      fate.there === "late" ? request.timeoutMs + chance.between(1, STRAY_LIFE_MS - 1) : chance.between(5, 150);
    const gone = () => history.record({ kind: "gone", request: number });
    if (fate.there === "lost") return void clock.after(thereMs, gone);
    if (fate.there === "twice")
      clock.after(thereMs + chance.between(1, STRAY_LIFE_MS), () => this.#execute(number, presents, request));
    clock.after(thereMs, () => {
      const execution = this.#arrive(number, presents, { request, instead: fate.instead });
      gone();
      if (fate.there === "late") return;
      answerBack(fate, execution, (ending, afterMs) => answer(ending, afterMs), chance);
    });
  }

  #arrive(number: number, presents: string, arrival: { request: TokenRequest; instead: Fate["instead"] }): Execution {
    if (arrival.instead === "rate-limited") return { status: 429, body: "", decision: "rate-limited", issued: null };
    if (arrival.instead === "unavailable") return { status: 503, body: HTML, decision: "unavailable", issued: null };
    if (arrival.instead === "refused") {
      const body = JSON.stringify({ error: "invalid_grant" });
      return { status: 400, body, decision: "spurious-refusal", issued: null };
    }
    return this.#execute(number, presents, arrival.request);
  }

  #execute(number: number, _presents: string, request: TokenRequest): Execution {
    const { grant } = request;
    const challenge = grant.kind === "authorization_code" ? this.challengeOf(grant.codeVerifier) : null;
    const execution = this.#parts.provider.execute(request, challenge);
    this.#parts.history.record({
      kind: "executed",
      request: number,
      decision: execution.decision,
      issued: execution.issued,
    });
    return execution;
  }

  #fateOf(presents: string, weather: Weather): Fate {
    const { chance, mode } = this.#parts;
    const rates = this.#parts.rates();
    const befalls = (name: RateName) => chance.happens(rates[name] ?? 0);
    if (weather === "swallows") return { there: "lost", back: "lost", instead: null };
    if (weather === "loses-answers") return { there: "arrives", back: "lost", instead: null };
    if (weather === "html") return { there: "arrives", back: "whole", instead: "unavailable" };
    if (this.#isSpuriouslyRefused(presents, befalls("spurious-refusal")))
      return { there: "arrives", back: "whole", instead: "refused" };
    if (befalls("rate-limited")) return { there: "arrives", back: "whole", instead: "rate-limited" };
    if (befalls("error-before-execute") && this.#mayBefall(presents))
      return { there: "arrives", back: "whole", instead: "unavailable" };
    const fate = drawnFate(befalls, mode);
    const isLoss = fate.there === "lost" || fate.there === "late" || (fate.back !== "whole" && fate.back !== "slow");
    return isLoss && !this.#mayBefall(presents) ? { there: "arrives", back: "whole", instead: null } : fate;
  }

  #mayBefall(presents: string): boolean {
    const { clock, provider } = this.#parts;
    const grant = provider.familyOf(presents) ?? presents;
    const recent = (this.#misfortunes.get(grant) ?? []).filter((atMs) => atMs > clock.nowMs - MISFORTUNES_WITHIN_MS);
    if (recent.length >= MISFORTUNES_AT_MOST) return false;
    this.#misfortunes.set(grant, [...recent, clock.nowMs]);
    return true;
  }

  // A provider whose parts disagree for a while: one token at a time is refused, and each at most once in its life.
  #isSpuriouslyRefused(presents: string, begins: boolean): boolean {
    const { clock } = this.#parts;
    if (this.isDisagreeing) return this.#disagreement.about === presents;
    if (!begins || this.#doubted.has(presents)) return false;
    if (clock.nowMs < this.#disagreement.untilMs + SPURIOUS_PAUSE_MS || !this.#mayBefall(presents)) return false;
    this.#doubted.add(presents);
    this.#disagreement = { about: presents, untilMs: clock.nowMs + SPURIOUS_MS };
    this.#parts.onAvailability();
    clock.after(SPURIOUS_MS + 1, () => this.#parts.onAvailability());
    return true;
  }
}

function drawnFate(befalls: (name: RateName) => boolean, mode: Mode): Fate {
  const arrives = { there: "arrives", instead: null } as const;
  if (befalls("request-lost")) return { there: "lost", back: "lost", instead: null };
  if (befalls("late-execution")) return { there: "late", back: "lost", instead: null };
  if (befalls("answer-lost")) return { ...arrives, back: "lost" };
  if (befalls("error-after-execute")) return { ...arrives, back: "html-502" };
  if (befalls("html-instead-of-tokens")) return { ...arrives, back: "html-200" };
  if (befalls("slow-answer")) return { ...arrives, back: "slow" };
  // A network that doubles a request kills the token it brought where a repeat supersedes: nobody can keep that.
  if (!mode.strayKills && befalls("duplicate")) return { there: "twice", back: "whole", instead: null };
  return { ...arrives, back: "whole" };
}

function answerBack(
  fate: Fate,
  execution: Execution,
  answer: (ending: Ending, afterMs: number) => void,
  chance: Stream,
): void {
  const answered = (status: number, body: string): Ending => ({
    kind: "answered",
    status,
    body: new Secret(body),
    retryAfterMs: status === 429 ? 1_000 * (1 + chance.below(60)) : null,
    serverDateMs: null,
  });
  switch (fate.back) {
    case "whole":
      return answer(answered(execution.status, execution.body), chance.between(5, 150));
    case "slow":
      return answer(answered(execution.status, execution.body), chance.between(1_000, 29_000));
    case "html-200":
      return answer(answered(200, HTML), chance.between(5, 150));
    case "html-502":
      return answer(answered(502, HTML), chance.between(5, 150));
    case "lost":
      // Half of the lost ones are seen at once, as a reset; the others only by waiting.
      if (chance.happens(0.5))
        answer({ kind: "broken", bytesSent: true, reason: "ECONNRESET" }, chance.between(5, 20_000));
      return;
  }
}

function presentedBy({ grant }: TokenRequest): string {
  switch (grant.kind) {
    case "refresh_token":
      return grant.refreshToken.reveal();
    case "authorization_code":
      return grant.code.reveal();
    case "client_credentials":
      return "";
  }
}
