import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { FIGURE_NAMES, readFigures, writeFigure } from "./figure.ts";
import { markedFiles } from "./marked-files.ts";
import { measure } from "./measure.ts";
import { PAGE, renderPage } from "./page.ts";

const USAGE = `npm run figures                    makes the generated sections of ${PAGE} anew
npm run figures -- NAME [OPTION…]  runs what the figure needs, keeps it in docs/figures/NAME.json, then does the same

Figures: ${FIGURE_NAMES.join(", ")}. Options go to the command that is run, as in: npm run figures -- sim --seeds 20000
`;
const root = dirname(dirname(import.meta.dirname));

process.exitCode = await main(process.argv.slice(2));

/** 1 where the run was not content with what it found: its figure is kept all the same. */
async function main([wanted, ...more]: readonly string[]): Promise<number> {
  if (wanted === undefined) {
    refreshPage();
    return 0;
  }
  const name = FIGURE_NAMES.find((each) => each === wanted);
  if (name === undefined) {
    process.stderr.write(USAGE);
    return wanted === "--help" ? 0 : 2;
  }
  const { figure, passed } = await measure(root, name, more);
  writeFigure(root, name, figure);
  refreshPage();
  return passed ? 0 : 1;
}

function refreshPage(): void {
  const path = join(root, PAGE);
  const evidence = { figures: readFigures(root), files: markedFiles(root) };
  writeFileSync(path, renderPage(readFileSync(path, "utf8"), evidence));
}
