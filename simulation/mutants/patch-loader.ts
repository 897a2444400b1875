import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { MUTANTS } from "./mutants.ts";

/** Loaded before everything else in a child process: puts the mutant named in SIMULATION_MUTANT in place of the real source. */
const mutant = MUTANTS.find(({ name }) => name === process.env["SIMULATION_MUTANT"]);
if (mutant === undefined) throw new Error(`There is no mutant "${process.env["SIMULATION_MUTANT"]}".`);
const patchedUrl = new URL(`../../${mutant.file}`, import.meta.url).href;
const source = readFileSync(fileURLToPath(patchedUrl), "utf8");
const pieces = source.split(mutant.find);
if (pieces.length !== 2) {
  process.stderr.write(`Mutant "${mutant.name}": its text stands ${pieces.length - 1} times in ${mutant.file}.\n`);
  process.exit(3);
}
const patched = pieces.join(mutant.replace);
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    return url === patchedUrl ? { ...loaded, source: patched } : loaded;
  },
});
