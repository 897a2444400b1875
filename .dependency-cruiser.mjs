// The table of tools/import-table.ts as dependency-cruiser rules. Change the table, not this file.
import { builtinModules } from "node:module";
import { IMPORT_TABLE, PUBLIC_ENTRANCES, TEST_IMPORTS } from "./tools/import-table.ts";

const TEST = "\\.test\\.ts$|-contract\\.ts$|^packages/[^/]+/src/testing/";
const TEST_FILE = "\\.test\\.ts$";
const BUILTINS = [...new Set(builtinModules.map((name) => name.replace(/^node:/, "")))].join("|");

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const within = (place) => `^${escaped(place)}(/|$)`;

function toPattern(target) {
  if (target.startsWith("type:")) return toPattern(target.slice("type:".length));
  if (target === "node:*") return `^(node:)?(${BUILTINS})(/|$)`;
  if (target.startsWith("node:")) return `^(node:)?${escaped(target.slice("node:".length))}$`;
  if (target === "npm:*") return "(^|/)node_modules/";
  if (target.startsWith("npm:")) return `(^|/)node_modules/(@types/)?${escaped(target.slice("npm:".length))}/`;
  if (target.startsWith("@evergrant/")) return `^${escaped(PUBLIC_ENTRANCES[target])}$`;
  if (target.endsWith("/*")) return `^${escaped(target.slice(0, -1))}[^/]+\\.ts$`;
  return within(target);
}

/** A place without the places inside it that have rows of their own. */
function ownFiles(place, morePrecise) {
  const nested = morePrecise.map((row) => escaped(row.place.slice(place.length + 1))).join("|");
  return nested === "" ? within(place) : `^${escaped(place)}/(?!(${nested})(/|$))`;
}

const listed = (targets) => targets.join(", ") || "nothing";

const rows = IMPORT_TABLE.map(({ place, may }) => {
  const morePrecise = IMPORT_TABLE.filter((row) => row.place !== place && row.place.startsWith(`${place}/`));
  return {
    name: `${place} may not import that`,
    comment: `${place} may import: ${listed(may)}. The table stands in tools/import-table.ts.`,
    severity: "error",
    from: {
      path: within(place),
      pathNot: [...(place.startsWith("packages/") ? [TEST] : []), ...morePrecise.map((row) => within(row.place))],
    },
    to: { pathNot: [ownFiles(place, morePrecise), ...may.map(toPattern)] },
  };
});

const packageFolders = [...new Set(IMPORT_TABLE.flatMap(({ place }) => place.match(/^packages\/[^/]+/) ?? []))];
const packageTests = packageFolders.map((folder) => {
  const own = IMPORT_TABLE.filter(({ place }) => place.startsWith(`${folder}/`)).flatMap(({ may }) => may);
  const may = [...new Set([...own, ...TEST_IMPORTS])];
  return {
    name: `tests of ${folder} may not import that`,
    comment: `Tests beside the source may import their own package and: ${listed(may)}.`,
    severity: "error",
    from: { path: [`^${escaped(folder)}/.*${TEST_FILE}`, `^${escaped(folder)}/src/(testing/|.*-contract\\.ts$)`] },
    to: { pathNot: [folder, ...may].map(toPattern) },
  };
});

const typesAlone = IMPORT_TABLE.flatMap(({ place, may }) =>
  may
    .filter((target) => target.startsWith("type:"))
    .map((target) => ({
      name: `${place} may import types alone from that`,
      comment: `Write \`import type\`: ${place} may not need ${target.slice("type:".length)} when it runs.`,
      severity: "error",
      from: { path: within(place), pathNot: TEST },
      to: { path: toPattern(target), dependencyTypesNot: ["type-only"] },
    })),
);

const placed = IMPORT_TABLE.map(({ place }) => within(place));
const OURS = "^(packages|tests|simulation|benchmarks|tools)/";
// npm puts a package that two of ours pin differently below the one that asked.
const INSTALLED = "(^|/)node_modules/";

const everywhere = [
  {
    name: "every imported file has a place",
    comment: "Give its folder a row in tools/import-table.ts.",
    severity: "error",
    from: {},
    to: { path: OURS, pathNot: [TEST, INSTALLED, ...placed] },
  },
  {
    name: "every importing file has a place",
    comment: "Give its folder a row in tools/import-table.ts.",
    severity: "error",
    from: { path: OURS, pathNot: [TEST, ...placed] },
    to: {},
  },
  {
    name: "packages meet at their exports",
    comment: "Import another package by its name (@evergrant/…), never by a relative path.",
    severity: "error",
    from: { path: "^packages/([^/]+)/" },
    to: {
      path: "^packages/",
      pathNot: ["^packages/$1/", INSTALLED],
      dependencyTypes: ["local"],
      dependencyTypesNot: ["aliased"],
    },
  },
  {
    name: "tests and tools meet packages at their exports",
    comment: "Import a package by its name (@evergrant/…), never by a relative path.",
    severity: "error",
    from: { path: "^(tests|simulation|benchmarks|tools)/" },
    to: { path: "^packages/", dependencyTypes: ["local"], dependencyTypesNot: ["aliased"] },
  },
  {
    name: "nobody imports a test",
    comment: "Move what is shared into the package's src/testing, or into tests/kit.",
    severity: "error",
    from: {},
    to: { path: TEST_FILE },
  },
  {
    name: "only tests import what is for tests",
    comment: "src/testing and *-contract.ts (a suite for every adapter) are for tests.",
    severity: "error",
    from: { pathNot: TEST },
    to: { path: "^packages/[^/]+/src/(testing/|.*-contract\\.ts$)" },
  },
  {
    name: "no cycles, types included",
    comment: "Two files that need each other are one file, or need a third that both know.",
    severity: "error",
    from: {},
    to: { circular: true },
  },
  {
    name: "imports resolve",
    comment: "The file or package does not exist, or is not exported.",
    severity: "error",
    from: {},
    to: { couldNotResolve: true },
  },
];

export default {
  forbidden: [...rows, ...packageTests, ...typesAlone, ...everywhere],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^packages/[^/]+/dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@evergrant/source", "import", "node", "types", "default"],
      extensions: [".ts", ".tsx", ".mjs", ".js"],
    },
  },
};
