/** The invariants of the refresh protocol, by the names that code, checkers, model and tests share. */
export const INVARIANTS = {
  I1: "no false death",
  I2: "durable knowledge",
  I3: "monotone head",
  I4: "single spender",
  I5: "write-ahead",
  I6: "never discard",
  I7: "right token",
  I8: "bounded ambiguity",
  I9: "isolation of error classes",
  I10: "blast radius",
  I11: "warning before lapse",
  I12: "liveness",
  I13: "audit",
  I14: "secrecy",
  I15: "stampede",
  I16: "no cross-chain revival",
} as const;
export type InvariantId = keyof typeof INVARIANTS;

/** A source file, by its path from the root of the repository. */
export interface MarkedFile {
  readonly path: string;
  readonly text: string;
}

/** Where an invariant is kept, and what would notice if it were not. Paths, sorted. */
export interface InvariantPlaces {
  readonly id: InvariantId;
  readonly name: string;
  readonly keptBy: readonly string[];
  readonly checkedBy: readonly string[];
}

/** For every invariant the files that name it. */
export function invariantPlaces(files: readonly MarkedFile[]): readonly InvariantPlaces[] {
  return (Object.keys(INVARIANTS) as InvariantId[]).map((id) => {
    const naming = files.filter(({ text }) => idsIn(text).includes(id)).map(({ path }) => path);
    return {
      id,
      name: INVARIANTS[id],
      keptBy: naming.filter(isProduct).sort(),
      checkedBy: naming.filter(isCheck).sort(),
    };
  });
}

/** Marks that name no invariant, or one by another's name: `path: mark`. Product source says the name beside each id. */
export function wrongMarks(files: readonly MarkedFile[]): readonly string[] {
  return files.flatMap(({ path, text }) => [
    ...idsIn(text)
      .filter((id) => !Object.hasOwn(INVARIANTS, id))
      .map((id) => `${path}: ${id}`),
    ...(isProduct(path) ? namelessMarks(text).map((mark) => `${path}: ${mark}`) : []),
  ]);
}

const MARK = /\bI(?:0|[1-9]\d?)\b/g;

function idsIn(text: string): readonly string[] {
  return [...new Set(text.match(MARK) ?? [])];
}

function namelessMarks(text: string): readonly string[] {
  return [...text.matchAll(MARK)].flatMap(({ 0: id, index }) => {
    const name = Object.hasOwn(INVARIANTS, id) ? INVARIANTS[id as InvariantId] : null;
    const follows = text.slice(index + id.length);
    return name === null || follows.startsWith(` ${name}`) ? [] : [`${id}${follows.slice(0, 20).split("\n")[0]}`];
  });
}

function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || path.startsWith("tests/") || /^packages\/[^/]+\/src\/testing\//.test(path);
}

function isProduct(path: string): boolean {
  return path.startsWith("packages/") && !isTest(path);
}

function isCheck(path: string): boolean {
  return isTest(path) || path.startsWith("simulation/checkers/i") || path === "simulation/model/invariants.ts";
}
