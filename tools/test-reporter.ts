import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";
import { type Tally, tally } from "./tally.ts";

/** The environment variable that names the file the tally is written to. */
export const TALLY_FILE_VARIABLE = "EVERGRANT_TEST_TALLY";

/** Writes what a vitest run counted as JSON, so that stages add up to one closing line. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const file = process.env[TALLY_FILE_VARIABLE];
    if (file === undefined) return;
    const counted: Tally = tally(
      modules.map((module) => ({
        file: module.relativeModuleId,
        state: module.state(),
        loadErrors: module.errors().length,
        tests: [...module.children.allTests()].map((test) => {
          const result = test.result();
          const reason = result.state === "skipped" ? result.note : undefined;
          return { name: test.fullName, state: result.state, reason };
        }),
      })),
      unhandledErrors.length,
    );
    writeFileSync(file, JSON.stringify(counted));
  }
}
