import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a run of ours found, and how to find it again. One file each, `docs/figures/NAME.json`. */
export interface Figure<Result> {
  readonly command: string;
  /** The commit it ran on, with `+` where the working tree differed from it. */
  readonly commit: string;
  /** `2026-11-26`, UTC. */
  readonly date: string;
  /** The first or only seed; null where nothing is drawn. */
  readonly seed: number | null;
  readonly result: Result;
}

/** The last line of `npm run sim -- --json`. */
export interface SimulationResult {
  readonly seeds: number;
  readonly connectionDays: number;
  readonly connectionDaysPerCpuSecond: number;
  readonly rotationsPerCpuSecond: number;
  readonly violations: number;
  readonly lostGrants: number;
  /** Grants that died as their provider's rules, or an outage longer than the budget, allowed nobody to prevent. */
  readonly beyondPromise: number;
  readonly falseDeaths: number;
  readonly cells: { readonly reached: number; readonly total: number };
  readonly mutants: { readonly caught: number; readonly total: number };
  readonly referencePeer: { readonly lostGrants: number; readonly perMillionRotations: number };
}

/** The last line of `npm run chaos -- --json`. */
export interface ChaosResult {
  readonly connections: number;
  readonly rotations: number;
  readonly kills: number;
  readonly lost: number;
  readonly wrongTokens: number;
  readonly duplicateSpends: number;
  readonly longestWithoutTokenMs: number;
  readonly recoveryMs: { readonly p50: number; readonly max: number };
}

/** What `npm run model -- --json` prints, each history shortened to its length. */
export interface ModelResult {
  readonly states: number;
  readonly seconds: number;
  readonly cells: readonly ModelCell[];
}
export type ModelCell = {
  readonly removed: string;
  readonly mode: string;
  readonly searches: number;
} & (
  | { readonly kind: "clean"; readonly exhausted: number }
  | { readonly kind: "violated"; readonly invariant: string; readonly fault: string; readonly steps: number }
);

/** A test that killed a process inside a named point, by its suite and title. */
export interface KillOutcome {
  readonly suite: string;
  readonly test: string;
  readonly held: boolean;
}

export type FailOverOutcome =
  | {
      readonly pair: "synchronous";
      readonly served: number;
      readonly refused: number;
      readonly longestGapMs: number;
      readonly lost: number;
    }
  | { readonly pair: "asynchronous"; readonly connected: boolean; readonly lost: number };

/** Every figure that the page knows, by the name of its file. */
export interface Results {
  readonly sim: SimulationResult;
  readonly "chaos-postgres": ChaosResult;
  readonly "chaos-sqlite": ChaosResult;
  readonly model: ModelResult;
  readonly "kill-points": readonly KillOutcome[];
  readonly "fail-over": readonly FailOverOutcome[];
}
export type FigureName = keyof Results;
export type Figures = { readonly [Name in FigureName]?: Figure<Results[Name]> };

export const FIGURE_NAMES = [
  "sim",
  "chaos-postgres",
  "chaos-sqlite",
  "model",
  "kill-points",
  "fail-over",
] as const satisfies readonly FigureName[];

/** All figures that were kept; a name without a file is absent. */
export function readFigures(root: string): Figures {
  const kept = FIGURE_NAMES.filter((name) => existsSync(fileOf(root, name)));
  return Object.fromEntries(kept.map((name) => [name, JSON.parse(readFileSync(fileOf(root, name), "utf8"))]));
}

/** Keeps a figure in the place of the one before. */
export function writeFigure(root: string, name: FigureName, figure: Figure<unknown>): void {
  mkdirSync(join(root, "docs/figures"), { recursive: true });
  writeFileSync(fileOf(root, name), `${JSON.stringify(figure, null, 2)}\n`);
}

function fileOf(root: string, name: FigureName): string {
  return join(root, "docs/figures", `${name}.json`);
}
