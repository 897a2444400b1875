import { durationWords } from "./duration-words.ts";
import type { OutageEvent, OutageNumbers, Span } from "./outage-promise.ts";
import { spendsNothing } from "./rotation.ts";
import type { Timing } from "./timing.ts";

/** A promise in words: what happens, and what it costs at most. */
export function outageSentence(event: OutageEvent, numbers: OutageNumbers, timing: Timing): string {
  return `${WHAT[event]}: ${WORDS[event](numbers, timing)}`;
}

const WHAT: { readonly [Event in OutageEvent]: string } = {
  "answer-lost": "The provider's answer to a refresh is lost",
  "process-killed": "Evergrant is killed, and its disk is kept",
  "process-paused": "A process freezes and wakes again",
  "node-lost": "A node is lost with its disk, and another one lives",
  "node-cut-off": "A node gets no answer of the provider, and another one does",
  "machine-lost": "The only machine is lost with its disk",
  "store-away": "The database is away, and the nodes live",
  "synchronous-fail-over": "The primary database dies, and a synchronous standby takes over",
  "asynchronous-fail-over": "The primary database dies, and a standby takes over that had missed its last moments",
  "provider-away": "The provider is away",
  "everything-away": "Everything is off at once",
};

const WORDS: { readonly [Event in OutageEvent]: (numbers: OutageNumbers, timing: Timing) => string } = {
  "answer-lost": ({ safeForMs }) => {
    if (safeForMs === null) return "that grant is lost, because this provider lets nobody ask again in time.";
    const until = safeForMs === "unlimited" ? "" : `, until ${durationWords(safeForMs)} after the first time`;
    return `no grant is lost. The same is asked again${until}.`;
  },
  "process-killed": (numbers) => absenceWords(numbers, "if it is back within"),
  "process-paused": ({ safeForMs, atRisk }) => {
    if (safeForMs === null) return `not promised. ${riskWords(atRisk)}`;
    return `no grant is lost${safeForMs === "unlimited" ? "" : ` by a pause of up to ${durationWords(safeForMs)}`}.`;
  },
  "node-lost": ({ safeForMs, atRisk, takenOverWithinMs }) => {
    const kept = safeForMs === null ? `not promised. ${riskWords(atRisk)}` : "no grant is lost.";
    return `${kept} The other one takes over within ${durationWords(takenOverWithinMs ?? 0)}.`;
  },
  "node-cut-off": ({ safeForMs, atRisk, takenOverWithinMs }) => {
    const kept = safeForMs === null ? `not promised. ${riskWords(atRisk)}` : "no grant is lost.";
    return `${kept} The other one asks for what is owed within ${durationWords(takenOverWithinMs ?? 0)}.`;
  },
  "machine-lost": (_numbers, { policy, spendWindowMs }) => {
    if (spendsNothing(policy.rotation)) return "a backup brings back every grant that it knows.";
    const orYounger =
      spendWindowMs === null || spendWindowMs <= 0
        ? ""
        : `, or less than ${durationWords(spendWindowMs)} before the backup is in use`;
    return `not promised. A backup brings back only grants that were not renewed since it was made${orYounger}.`;
  },
  "store-away": ({ safeForMs, servedForMs }) =>
    `${lifeWords("no grant is lost", safeForMs)} Answers under way are kept in the journal. ${servedWords(servedForMs)}`,
  "synchronous-fail-over": () => "no grant is lost.",
  "asynchronous-fail-over": ({ safeForMs }) => {
    if (safeForMs === "unlimited") return "no grant is lost.";
    if (safeForMs === null) return "not promised. A token that was spent in those moments may be sent again.";
    return `no grant is lost by up to ${durationWords(safeForMs)} of missing writes if every node keeps its journal. A consent that was also begun in those moments has to be given again.`;
  },
  "provider-away": (numbers) => `${absenceWords(numbers, "within")} ${servedWords(numbers.servedForMs)}`,
  "everything-away": (numbers) => `${absenceWords(numbers, "within")} An orderly stop leaves no refresh under way.`,
};

function absenceWords({ safeForMs, atRisk, othersForMs }: OutageNumbers, within: string): string {
  if (safeForMs === "unlimited") return "no grant is lost.";
  const others = capitalised(lifeWords("all others live on", othersForMs));
  if (safeForMs === null) return `not promised. ${riskWords(atRisk)} ${others}`;
  const kept = `no grant is lost ${within} ${durationWords(safeForMs)}.`;
  return safeForMs === othersForMs ? kept : `${kept} ${riskWords(atRisk, "Later up")} ${others}`;
}

function riskWords(atRisk: number | null, start = "Up"): string {
  return `${start} to ${atRisk} grants per node and app whose refresh was under way are at risk.`;
}

function lifeWords(what: string, span: Span): string {
  if (span === null) return "how long unused grants live is not known.";
  return span === "unlimited" ? `${what}.` : `${what} for ${durationWords(span)}.`;
}

function servedWords(served: OutageNumbers["servedForMs"]): string {
  if (served === null) return "";
  const least = served.fromMs < 1_000 ? "up to" : `${durationWords(served.fromMs)} to`;
  return `Callers of a connection in use get tokens for ${least} ${durationWords(served.toMs)} more.`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
