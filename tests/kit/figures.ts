import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach } from "vitest";

/** The environment variable that names the folder in which runs leave their figures; without it nothing is written. */
const FOLDER_VARIABLE = "EVERGRANT_FIGURES";

/** What one test measured, as a line of `NAME.jsonl` in that folder. */
export function recordFigure(name: string, figure: Readonly<Record<string, string | number | boolean>>): void {
  const folder = process.env[FOLDER_VARIABLE];
  if (folder === undefined || folder === "") return;
  mkdirSync(folder, { recursive: true });
  appendFileSync(join(folder, `${name}.jsonl`), `${JSON.stringify(figure)}\n`);
}

/** Records of every test of the calling file whether it held: its suite, its title. */
export function recordOutcomes(name: string): void {
  afterEach(({ task }) => {
    const suite = task.suite?.name ?? "";
    recordFigure(name, { suite, test: task.name, held: (task.result?.errors ?? []).length === 0 });
  });
}
