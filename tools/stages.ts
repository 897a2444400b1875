/** One command of the repository's tools: the package that brings it, and its arguments. */
export interface ToolCommand {
  readonly tool: "typescript" | "@biomejs/biome" | "dependency-cruiser" | "knip" | "vitest";
  readonly args: readonly string[];
}

/** A step counts as one check however many commands it has, or counts the tests of a vitest project. */
export type Step =
  | { readonly kind: "check"; readonly name: string; readonly commands: readonly ToolCommand[] }
  | { readonly kind: "tests"; readonly project: "unit" | "structure" | "end-to-end" | "simulation" };

/** A named part of `npm test`. */
export interface Stage {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** What `npm test` runs, in this order. */
export const STAGES: readonly Stage[] = [
  {
    name: "types",
    steps: [
      {
        kind: "check",
        name: "types",
        commands: [
          { tool: "typescript", args: ["-p", "."] },
          { tool: "typescript", args: ["-p", "packages/core"] },
        ],
      },
    ],
  },
  {
    name: "lint",
    steps: [{ kind: "check", name: "lint", commands: [{ tool: "@biomejs/biome", args: ["ci", "--colors=off", "."] }] }],
  },
  {
    name: "structure",
    steps: [
      {
        kind: "check",
        name: "imports",
        commands: [{ tool: "dependency-cruiser", args: ["packages", "tests", "simulation", "benchmarks", "tools"] }],
      },
      { kind: "tests", project: "structure" },
    ],
  },
  { name: "unused", steps: [{ kind: "check", name: "unused", commands: [{ tool: "knip", args: ["--no-progress"] }] }] },
  { name: "unit", steps: [{ kind: "tests", project: "unit" }] },
  { name: "simulation", steps: [{ kind: "tests", project: "simulation" }] },
  { name: "end-to-end", steps: [{ kind: "tests", project: "end-to-end" }] },
];
