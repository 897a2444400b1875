import { invariantPlaces, type MarkedFile } from "./invariants.ts";
import { table } from "./markdown.ts";

/** Every invariant with the files that keep it and those that would notice if they did not. */
export function invariantsTable(files: readonly MarkedFile[]): string {
  const rows = invariantPlaces(files).map(({ id, name, keptBy, checkedBy }) => [
    `**${id}** ${name}`,
    keptBy.map(shortened).join(", "),
    checkedBy.map(shortened).join(", "),
  ]);
  return table(["invariant", "kept by", "checked by"], rows);
}

function shortened(path: string): string {
  return `\`${path.replace(/^packages\/([^/]+)\/src\//, "$1/").replace(/^simulation\/checkers\//, "checkers/")}\``;
}
