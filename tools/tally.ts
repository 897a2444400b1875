/** What was counted: whole numbers, and each skip by name. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly Skip[];
}

/** A test that did not run, and why. */
export interface Skip {
  readonly name: string;
  readonly reason: string;
}

/** One test file as the runner saw it. */
export interface CountedFile {
  readonly file: string;
  readonly state: string;
  /** Errors outside any test, such as an import that fails or a hook that throws. */
  readonly loadErrors: number;
  readonly tests: readonly { readonly name: string; readonly state: string; readonly reason?: string | undefined }[];
}

/**
 * Counts a run. A file that does not load, an error outside any test, a test that never ended and an empty run
 * each count as failed: silence never passes.
 */
export function tally(files: readonly CountedFile[], unhandledErrors: number): Tally {
  const sum = files.map(tallyFile).reduce(add, { passed: 0, failed: unhandledErrors, skipped: [] });
  const ran = sum.passed + sum.failed + sum.skipped.length;
  return ran === 0 ? { ...sum, failed: 1 } : sum;
}

/** Adds two tallies. */
export function add(left: Tally, right: Tally): Tally {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: [...left.skipped, ...right.skipped],
  };
}

/** The line a run ends with, such as `12 passed, 0 failed, 1 skipped`. */
export function closingLine({ passed, failed, skipped }: Tally): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped.length === 0 ? line : `${line}, ${skipped.length} skipped`;
}

function tallyFile({ file, state, loadErrors, tests }: CountedFile): Tally {
  const passed = tests.filter((test) => test.state === "passed").length;
  const skipped = tests.filter((test) => test.state === "skipped");
  const unsound = tests.length - passed - skipped.length;
  const emptyOrBroken =
    loadErrors > 0 || (unsound === 0 && state === "failed") || (tests.length === 0 && state !== "skipped");
  return {
    passed,
    failed: unsound + (emptyOrBroken ? Math.max(1, loadErrors) : 0),
    skipped: skipped.map(({ name, reason }) => ({ name: `${file} > ${name}`, reason: reason ?? "no reason given" })),
  };
}
