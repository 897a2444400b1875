import type { ChaosResult, Figure, Figures, KillOutcome, ModelCell } from "./figure.ts";
import { counted, notRunYet, rate, source, table } from "./markdown.ts";

const POINTS = [
  "intent-written",
  "intent-journaled",
  "sent",
  "received",
  "journaled",
  "settled",
  "settle-acknowledged",
];

/** One row per kind of kill, one column per named point. */
export function killPointsTable({ "kill-points": figure }: Figures): string {
  if (figure === undefined) return notRunYet("kill-points");
  const rows = new Map<string, Map<string, readonly KillOutcome[]>>();
  for (const outcome of figure.result) {
    const point = POINTS.find((each) => new RegExp(`\\bat ${each}(?![\\w-])`).test(outcome.test));
    if (point === undefined) continue;
    const row = rows.get(rowOf(outcome, point)) ?? new Map<string, readonly KillOutcome[]>();
    rows.set(rowOf(outcome, point), row.set(point, [...(row.get(point) ?? []), outcome]));
  }
  const all = [...rows.values()].flatMap((row) => [...row.values()].flat());
  const cells = [...rows].map(([name, row]) => [name, ...POINTS.map((point) => killWords(row.get(point) ?? []))]);
  const failed = all.filter(({ held }) => !held).length;
  return [
    table(["killed inside", ...POINTS.map((point) => `\`${point}\``)], cells),
    "",
    `Not as promised: ${rate(failed, all.length, "kills")}.`,
    source(figure),
  ].join("\n");
}

function rowOf({ suite, test }: KillOutcome, point: string): string {
  const before = test.slice(0, test.indexOf(`at ${point}`)).replace(/[\s,:]+$/, "");
  return before === "" ? suite : `${suite}: ${before}`;
}

function killWords(outcomes: readonly KillOutcome[]): string {
  if (outcomes.length === 0) return "–";
  return outcomes.every(({ held }) => held) ? "●".repeat(outcomes.length) : "✗";
}

export function failOverTable({ "fail-over": figure }: Figures): string {
  if (figure === undefined) return notRunYet("fail-over");
  const rows = figure.result.map((outcome) => [
    `${outcome.pair} standby`,
    outcome.pair === "synchronous"
      ? `${counted(outcome.served)} answers served, ${counted(outcome.refused)} refused, longest time without a token ${counted(outcome.longestGapMs)} ms`
      : outcome.connected
        ? "connected again, by the node's journal"
        : "not connected again",
    counted(outcome.lost),
  ]);
  return [table(["pair", "seen by callers", "grants lost"], rows), "", source(figure)].join("\n");
}

/** What each ingredient of the protocol is for: the shortest history of a loss without it, in every mode. */
export function modelTable({ model: figure }: Figures): string {
  if (figure === undefined) return notRunYet("model");
  const { cells, states, seconds } = figure.result;
  const modes = [...new Set(cells.map(({ mode }) => mode))];
  const rows = [...new Set(cells.map(({ removed }) => removed))].map((removed) => [
    removed === "nothing" ? "**nothing: the full protocol**" : removed,
    ...modes.map((mode) => modelWords(cells.find((cell) => cell.removed === removed && cell.mode === mode))),
  ]);
  return [
    table(["left out", ...modes], rows),
    "",
    `${counted(states)} states in ${counted(Math.round(seconds))} s. A cell: the invariant that breaks and the length of the shortest history, or how many of its searches reached their end without one.`,
    source(figure),
  ].join("\n");
}

function modelWords(cell: ModelCell | undefined): string {
  if (cell === undefined) return "–";
  if (cell.kind === "clean") return `none (${cell.exhausted} of ${cell.searches})`;
  return `${cell.invariant.split(" ")[0]}, ${cell.steps} steps`;
}

export function simulationTable({ sim: figure }: Figures): string {
  if (figure === undefined) return notRunYet("sim");
  const { seeds, connectionDays, violations, lostGrants, beyondPromise, falseDeaths, cells, mutants, ...speed } =
    figure.result;
  return [
    table(
      ["", ""],
      [
        ["lives of connections", `${counted(connectionDays)} days in ${counted(seeds)} worlds`],
        ["invariants violated", rate(violations, seeds, "worlds")],
        ["grants lost that the policy allows to be kept", rate(lostGrants, seeds, "worlds")],
        [
          "grants lost that it does not: a provider without grace, or an outage that outlasted the budget",
          counted(beyondPromise),
        ],
        ["grants declared lost that were alive", rate(falseDeaths, seeds, "worlds")],
        ["crash point × provider mode × outcome", `${cells.reached} of ${cells.total} reached`],
        ["defects planted in the real source", `${mutants.caught} of ${mutants.total} caught by the checker they name`],
        [
          "speed",
          `${counted(speed.connectionDaysPerCpuSecond)} connection-days and ${counted(speed.rotationsPerCpuSecond)} rotations per CPU second`,
        ],
      ],
    ),
    "",
    source(figure),
  ].join("\n");
}

export function comparisonTable({ sim: figure }: Figures): string {
  if (figure === undefined) return notRunYet("sim");
  const { seeds, lostGrants, referencePeer } = figure.result;
  return [
    table(
      ["under the same fault plans", "grants lost"],
      [
        ["Evergrant", rate(lostGrants, seeds, "worlds")],
        [
          "the usual design",
          `${counted(referencePeer.lostGrants)}: ${counted(Math.round(referencePeer.perMillionRotations))} per million rotations`,
        ],
      ],
    ),
    "",
    source(figure),
  ].join("\n");
}

export function chaosTable(figures: Figures): string {
  const runs = [
    ["3 nodes, Postgres", figures["chaos-postgres"]],
    ["1 node, SQLite", figures["chaos-sqlite"]],
  ] as const;
  const kept = runs.flatMap(([name, figure]) => (figure === undefined ? [] : [{ name, figure }]));
  if (kept.length === 0) return `${notRunYet("chaos-postgres")}\n${notRunYet("chaos-sqlite")}`;
  const rows = CHAOS_ROWS.map(([what, words]) => [what, ...kept.map(({ figure }) => words(figure.result))]);
  return [
    table(["", ...kept.map(({ name }) => name)], rows),
    "",
    ...kept.map(({ figure }: { figure: Figure<ChaosResult> }) => source(figure)),
  ].join("\n");
}

const CHAOS_ROWS: readonly (readonly [string, (result: ChaosResult) => string])[] = [
  ["connections", ({ connections }) => counted(connections)],
  ["processes killed", ({ kills }) => counted(kills)],
  ["grants lost", ({ lost, rotations }) => rate(lost, rotations, "rotations")],
  ["wrong tokens served", ({ wrongTokens }) => counted(wrongTokens)],
  [
    "the same token sent twice at once",
    ({ duplicateSpends, rotations }) => rate(duplicateSpends, rotations, "rotations"),
  ],
  ["longest time without a token", ({ longestWithoutTokenMs }) => `${counted(longestWithoutTokenMs)} ms`],
  [
    "a harmed node serves again after",
    ({ recoveryMs }) => `${counted(recoveryMs.p50)} ms (median), ${counted(recoveryMs.max)} ms (longest)`,
  ],
];
