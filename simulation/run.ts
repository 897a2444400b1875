import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runCells } from "./campaign/cells.ts";
import { swarm } from "./campaign/swarm.ts";
import { type Failure, together } from "./campaign/tally.ts";
import { CELLS, Coverage, cellName } from "./coverage/cells.ts";
import { isKnown, type KnownFailure } from "./known-failures.ts";
import { hunt } from "./mutants/hunt.ts";
import { MUTANTS } from "./mutants/mutants.ts";
import { runPeer } from "./peer/compare.ts";
import { runPlan } from "./run-plan.ts";
import { shrink, violates } from "./shrink.ts";
import { describe } from "./world/history.ts";
import { START_MS } from "./world/world.ts";

const USAGE = `simulation/run.ts [--seeds 200] [--from 1] [--nodes 3] [--json] [--plan FILE] [--keep]

Lives whole worlds through, one per seed, and checks every invariant. Then every crash point in every mode, every mutant,
and the reference peer under the same plans. Ends with one JSON object; the exit code is 1 where something was violated.
  --json    nothing but that object on standard output (progress goes to standard error)
  --plan    replay one plan from a JSON file, and tell what happens
  --keep    write failing seeds into known-failures.json
`;
/** Worlds of the mix that speed is measured with. */
const MIX_SEEDS = 6;
const SHRINK_AT_MOST = 3;
const KNOWN_FILE = new URL("./known-failures.json", import.meta.url);

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    nodes: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    plan: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

Error.stackTraceLimit = 0;
const say = (line: string) => process.stderr.write(`${line}\n`);

if (values.help) process.stdout.write(USAGE);
else if (values.plan !== undefined) process.exitCode = await replay(values.plan);
else process.exitCode = await campaign(wholeNumber("seeds"), wholeNumber("from"), wholeNumber("nodes"));

async function campaign(seeds: number, from: number, nodes: number): Promise<number> {
  say(`${seeds} seeds from ${from}, up to ${nodes} nodes`);
  const swarmed = await swarm({ from, seeds, nodes }, (done) => say(`  ${done} seeds`));
  say(`every crash point in every mode`);
  const celled = await runCells(swarmed.cells);
  const sum = together(swarmed, celled);
  say(`speed`);
  const mix = await swarm({ from, seeds: Math.min(MIX_SEEDS, seeds), nodes, mix: true });
  say(`${MUTANTS.length} mutants`);
  const hunted = await hunt(MUTANTS, ({ name, caught, why }) =>
    say(`  ${caught ? "caught" : "MISSED"}: ${name} (${why})`),
  );
  say(`the reference peer`);
  const peer = await runPeer({ from, count: seeds, nodes });
  const failures = [...sum.failures, ...mix.failures];
  await tell(failures);
  const coverage = new Coverage();
  coverage.take(sum.cells);
  for (const cell of coverage.missing()) say(`never reached: ${cellName(cell)}`);
  const result = {
    seeds: swarmed.seeds,
    connectionDays: Math.round(sum.connectionDays + mix.connectionDays),
    connectionDaysPerCpuSecond: Math.round(mix.connectionDays / mix.cpuSeconds),
    rotationsPerCpuSecond: Math.round(mix.rotations / mix.cpuSeconds),
    violations: failures.reduce((count, { violations }) => count + violations.length, 0),
    lostGrants: sum.lostGrants + mix.lostGrants,
    beyondPromise: sum.excusedLosses + mix.excusedLosses,
    falseDeaths: sum.falseDeaths + mix.falseDeaths,
    cells: { reached: CELLS.length - coverage.missing().length, total: CELLS.length },
    mutants: { caught: hunted.filter(({ caught }) => caught).length, total: hunted.length },
    referencePeer: { lostGrants: peer.lostGrants, perMillionRotations: peer.perMillionRotations },
  };
  process.stdout.write(`${JSON.stringify(result, null, values.json ? 0 : 2)}\n`);
  const isClean = result.violations === 0 && result.lostGrants === 0;
  return isClean && result.cells.reached === CELLS.length && result.mutants.caught === MUTANTS.length ? 0 : 1;
}

async function tell(failures: readonly Failure[]): Promise<void> {
  const known = JSON.parse(readFileSync(KNOWN_FILE, "utf8")) as KnownFailure[];
  for (const [index, { plan, violations, lastEvents }] of failures.entries()) {
    const [first] = violations;
    if (first === undefined) continue;
    say(
      `\nseed ${plan.seed}${isKnown(known, plan.seed) ? " (known)" : ""} violates ${first.invariant} ${first.name}: ${first.what}`,
    );
    for (const line of lastEvents) say(line);
    if (index < SHRINK_AT_MOST) say(`shortest plan:\n${JSON.stringify(await shrink(plan, violates(first.invariant)))}`);
    else say(`plan:\n${JSON.stringify(plan)}`);
  }
  if (!values.keep) return;
  const fresh = failures.filter(({ plan }) => !isKnown(known, plan.seed));
  const kept = fresh.map(({ plan, violations }) => ({
    seed: plan.seed,
    invariants: [...new Set(violations.map(({ invariant }) => invariant))],
    reason: "not looked at yet",
  }));
  writeFileSync(KNOWN_FILE, `${JSON.stringify([...known, ...kept], null, 2)}\n`);
}

async function replay(file: string): Promise<number> {
  const { violations, lastEvents, historyHash } = await runPlan(JSON.parse(readFileSync(file, "utf8")));
  for (const event of lastEvents) say(describe(event, START_MS));
  for (const { invariant, name, what } of violations) say(`${invariant} ${name}: ${what}`);
  process.stdout.write(`${JSON.stringify({ violations: violations.length, historyHash })}\n`);
  return violations.length === 0 ? 0 : 1;
}

function wholeNumber(name: "seeds" | "from" | "nodes"): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 1) return value;
  say(`--${name} takes a whole number of at least 1.\n\n${USAGE}`);
  process.exit(2);
}
