import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { STAGES, type Stage, type Step, type ToolCommand } from "./stages.ts";
import { add, closingLine, type Tally } from "./tally.ts";
import { TALLY_FILE_VARIABLE } from "./test-reporter.ts";

const root = dirname(import.meta.dirname);
const stepLimitMs = 50 * 60_000;
const shownCharacters = 60_000;

const EXECUTABLES: Readonly<Record<ToolCommand["tool"], string>> = {
  typescript: "bin/tsc",
  "@biomejs/biome": "bin/biome",
  "dependency-cruiser": "bin/dependency-cruiser.mjs",
  knip: "bin/knip.js",
  vitest: "vitest.mjs",
};

/** The output is kept and shown later, so colour codes would only be in the way of a reader of the log. */
const PLAIN_OUTPUT = { NO_COLOR: "1", FORCE_COLOR: undefined };

const PASSED: Tally = { passed: 1, failed: 0, skipped: [] };
const FAILED: Tally = { passed: 0, failed: 1, skipped: [] };

process.exitCode = await main();

/** Runs the chosen stages one after another, all of them even when one fails; 1 when anything failed. */
async function main(): Promise<number> {
  const stages = chosenStages();
  if (typeof stages === "string") {
    console.error(stages);
    return 2;
  }
  let total: Tally = { passed: 0, failed: 0, skipped: [] };
  for (const stage of stages) total = add(total, await runStage(stage));
  for (const { name, reason } of total.skipped) console.log(`skipped: ${name}: ${reason}`);
  console.log(closingLine(total));
  return total.failed === 0 ? 0 : 1;
}

function chosenStages(): readonly Stage[] | string {
  const names = STAGES.map(({ name }) => name);
  try {
    const { only } = parseArgs({ options: { only: { type: "string" } } }).values;
    if (only === undefined) return STAGES;
    const chosen = only.split(",").map((name) => name.trim());
    const unknown = chosen.filter((name) => !names.includes(name));
    if (unknown.length > 0) return `No stage is called ${unknown.join(", ")}. Stages: ${names.join(", ")}.`;
    return STAGES.filter(({ name }) => chosen.includes(name));
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\nUse: npm test -- --only ${names.join(",")}`;
  }
}

async function runStage(stage: Stage): Promise<Tally> {
  const startedMs = performance.now();
  let total: Tally = { passed: 0, failed: 0, skipped: [] };
  for (const step of stage.steps) total = add(total, await runStep(step));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${total.failed === 0 ? "ok    " : "FAILED"} ${stage.name}: ${closingLine(total)} (${seconds} s)`);
  return total;
}

async function runStep(step: Step): Promise<Tally> {
  switch (step.kind) {
    case "check":
      return runCheck(step.commands);
    case "tests":
      return runTests(step.project);
  }
}

async function runCheck(commands: readonly ToolCommand[]): Promise<Tally> {
  let sound = true;
  for (const command of commands) {
    const { ok, output } = await run(command, {});
    if (!ok) show(command, output);
    sound &&= ok;
  }
  return sound ? PASSED : FAILED;
}

async function runTests(project: string): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), "evergrant-tests-"));
  try {
    const file = join(folder, "tally.json");
    const reporters = ["--reporter=default", `--reporter=${join(root, "tools/test-reporter.ts")}`];
    const command: ToolCommand = { tool: "vitest", args: ["run", "--project", project, ...reporters] };
    const { ok, output } = await run(command, { [TALLY_FILE_VARIABLE]: file });
    const counted = readTally(file);
    if (!ok || counted.failed > 0) show(command, output);
    // The runner's own verdict counts too: it may fail for a reason that no test carries.
    return ok || counted.failed > 0 ? counted : add(counted, FAILED);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A run that crashed left no tally, which is a failure. */
function readTally(file: string): Tally {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return FAILED;
  }
}

function run(command: ToolCommand, environment: NodeJS.ProcessEnv): Promise<{ ok: boolean; output: string }> {
  const child = spawn(process.execPath, [executable(command.tool), ...command.args], {
    cwd: root,
    env: {
      ...process.env,
      ...PLAIN_OUTPUT,
      PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter),
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: stepLimitMs,
  });
  let output = "";
  const collect = (chunk: string): void => {
    output = (output + chunk).slice(-shownCharacters);
  };
  child.stdout.setEncoding("utf8").on("data", collect);
  child.stderr.setEncoding("utf8").on("data", collect);
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ ok: false, output: `${output}\n${error.message}` }));
    child.once("close", (code, signal) => {
      const ended = signal === null ? "" : `\nended by ${signal} (limit: ${stepLimitMs / 60_000} min)`;
      resolve({ ok: code === 0, output: output + ended });
    });
  });
}

/** Not through `node_modules/.bin`: a shebang there could start another Node. */
function executable(tool: ToolCommand["tool"]): string {
  return join(root, "node_modules", tool, EXECUTABLES[tool]);
}

function show({ tool, args }: ToolCommand, output: string): void {
  console.log(`---- ${tool} ${args.join(" ")}\n${output.trimEnd()}\n----`);
}
