import {
  DEFAULT_LIMITS,
  durationWords,
  outageBudget,
  type Span,
  type Timing,
  type TokenPolicy,
  timing,
} from "@evergrant/core";
import { PROVIDERS } from "@evergrant/keeper";
import { table } from "./markdown.ts";

/** What is promised about each outage, one column per rotation mode, and Xero's column in words. */
export function budgetTable(): string {
  const columns = modes();
  const budgets = columns.map(({ derived }) => outageBudget(derived));
  const [first = []] = budgets;
  const rows = first.map(({ sentence }, index) => [
    whatOf(sentence),
    ...budgets.map((budget) => spanWords(budget[index]?.safeForMs ?? null)),
  ]);
  const words = first.map(({ sentence }) => `- ${sentence}`);
  return [
    table(["no grant is lost for", ...columns.map(({ name }) => name)], rows),
    "",
    "In words, for Xero:",
    "",
    ...words,
  ].join("\n");
}

/** The durations that the promises are made of. */
export function durationsTable(): string {
  const columns = modes();
  const rows = DURATIONS.map(([name, words]) => [name, ...columns.map(({ derived }) => words(derived))]);
  return table(["", ...columns.map(({ name }) => name)], rows);
}

interface Mode {
  readonly name: string;
  readonly derived: Timing;
}

function modes(): readonly Mode[] {
  const xero = PROVIDERS.get("xero");
  if (xero === undefined || xero.policy.rotation.kind !== "grace") throw new Error("Xero has a grace.");
  const { policy } = xero;
  const { rotation } = xero.policy;
  return [
    modeOf("Xero (grace 30 min)", policy),
    modeOf("grace 30 s", { ...policy, rotation: { ...rotation, seconds: 30 } }),
    modeOf("strict", { ...policy, rotation: { kind: "strict" } }),
    modeOf("no rotation", { ...policy, rotation: { kind: "none" } }),
    modeOf("confirm on use", { ...policy, rotation: { kind: "confirm-on-use" } }),
  ];
}

function modeOf(name: string, policy: TokenPolicy): Mode {
  const verdict = timing(policy, DEFAULT_LIMITS);
  if (verdict.kind === "impossible") throw new Error(verdict.reasons.join(" "));
  return { name, derived: verdict.timing };
}

const DURATIONS: readonly (readonly [string, (derived: Timing) => string])[] = [
  ["hot interval, shortened by up to 10 %", ({ hotIntervalMs }) => durationWords(hotIntervalMs)],
  ["hot while asked for within", ({ hotForMs }) => durationWords(hotForMs)],
  ["keepalive of an idle connection", ({ keepaliveMs }) => durationWords(keepaliveMs)],
  [
    "warned, critical, lapsed after",
    ({ warnAfterMs, criticalAfterMs, lapseAfterMs }) =>
      [warnAfterMs, criticalAfterMs, lapseAfterMs].map((ms) => (ms === null ? "–" : durationWords(ms))).join(", "),
  ],
  ["nothing is sent later than this after the intent", ({ sendDeadlineMs }) => durationWords(sendDeadlineMs)],
  [
    "a spent token may be repeated for",
    ({ repeat }) => (repeat.kind === "for" ? durationWords(repeat.ms) : { always: "ever", never: "–" }[repeat.kind]),
  ],
  [
    "and is presented again until",
    ({ repeat, spendWindowMs }) => {
      if (repeat.kind === "always") return "ever";
      return spendWindowMs === null || spendWindowMs <= 0 ? "–" : durationWords(spendWindowMs);
    },
  ],
  [
    "a doubtful head is confirmed between",
    ({ confirm }) =>
      confirm === null ? "–" : `${durationWords(confirm.fromMs)} and ${durationWords(confirm.untilMs)}`,
  ],
  ["largest `min_ttl`", ({ minTtlCapMs }) => durationWords(minTtlCapMs)],
  ["**cannot be promised**", ({ cannotPromise }) => (cannotPromise.length === 0 ? "–" : cannotPromise.join(" "))],
];

function whatOf(sentence: string): string {
  return sentence.split(": ", 1)[0] ?? sentence;
}

function spanWords(span: Span): string {
  if (span === null) return "not promised";
  return span === "unlimited" ? "any time" : durationWords(span);
}
