// Prints what each ingredient of the refresh protocol is for: node --conditions=@evergrant/source simulation/model/run.ts --help
import { parseArgs } from "node:util";
import { ABLATIONS, type AblationName } from "./ablations.ts";
import { MODES_WITH_GRACE } from "./provider-mode.ts";
import { monotonicMs } from "./real-time.ts";
import { type Bounds, type Cell, cellText, searchCell } from "./table.ts";
import { ticksOf } from "./ticks.ts";

const USAGE = `The refresh protocol's model checker: one ingredient left out per row, one provider mode per column.

  --row NAME        only this row ("nothing" is the full protocol); prints the shortest history of each violation
  --states N        states per search at most (default 30000)
  --refreshes N     scheduled refreshes, 1 to 3 (default 2)
  --ticks N         ticks per grace, 6 to 8 (default 6)
  --json            one JSON object instead of text

Rows: ${Object.keys(ABLATIONS).join(" · ")}
`;

process.exitCode = main(process.argv.slice(2));

function main(args: readonly string[]): number {
  try {
    const wanted = read(args);
    if (wanted === "help") {
      process.stdout.write(USAGE);
      return 0;
    }
    return report(wanted);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
}

interface Wanted {
  readonly rows: readonly AblationName[];
  readonly tellsHistories: boolean;
  readonly json: boolean;
  readonly bounds: Bounds;
}

function read(args: readonly string[]): Wanted | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      row: { type: "string" },
      states: { type: "string", default: "30000" },
      refreshes: { type: "string", default: "2" },
      ticks: { type: "string", default: "6" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const ticks = ticksOf(whole("--ticks", values.ticks, { least: 6, most: 8 }));
  const refreshes = whole("--refreshes", values.refreshes, { least: 1, most: 3 });
  const maxStates = whole("--states", values.states, { least: 1, most: 20_000_000 });
  const rows = values.row === undefined ? allRows() : [rowNamed(values.row)];
  return { rows, tellsHistories: values.row !== undefined, json: values.json, bounds: { ticks, refreshes, maxStates } };
}

function whole(option: string, text: string, { least, most }: { least: number; most: number }): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${option} takes a whole number from ${least} to ${most}, not "${text}".`);
}

function allRows(): readonly AblationName[] {
  return Object.keys(ABLATIONS) as AblationName[];
}

function rowNamed(name: string): AblationName {
  const row = allRows().find((each) => each === name);
  if (row === undefined) throw new RangeError(`There is no row "${name}".`);
  return row;
}

/** 1 where the full protocol itself was found wanting. */
function report({ rows, tellsHistories, json, bounds }: Wanted): number {
  const startedAtMs = monotonicMs();
  const cells: Cell[] = [];
  for (const row of rows) {
    const found = MODES_WITH_GRACE.map((mode) => searchCell(row, mode, bounds));
    cells.push(...found);
    if (!json) process.stdout.write(rowText(row, found, tellsHistories));
  }
  const seconds = (monotonicMs() - startedAtMs) / 1000;
  const states = cells.reduce((sum, cell) => sum + cell.states, 0);
  const figures = { states, seconds: Number(seconds.toFixed(1)), statesPerSecond: Math.round(states / seconds) };
  const text = `${states} states in ${figures.seconds} s (${figures.statesPerSecond} per second)\n`;
  process.stdout.write(json ? `${JSON.stringify({ ticks: bounds.ticks, ...figures, cells })}\n` : text);
  return cells.some((cell) => cell.removed === "nothing" && cell.kind === "violated") ? 1 : 0;
}

function rowText(row: AblationName, cells: readonly Cell[], tellsHistories: boolean): string {
  const lines = cells.map((cell) => `  ${cell.mode.padEnd(16)}${cellText(cell)}${tellsHistories ? history(cell) : ""}`);
  return `${title(row)}\n${lines.join("\n")}\n`;
}

function title(row: AblationName): string {
  if (row === "nothing") return "the full protocol";
  return row === "lock, refresh, UPDATE" ? "the usual design: lock, refresh, UPDATE" : `without ${row}`;
}

function history(cell: Cell): string {
  return cell.kind === "clean"
    ? ""
    : cell.steps.map((step, index) => `\n${String(index + 1).padStart(6)}. ${step}`).join("");
}
