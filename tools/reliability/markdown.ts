import type { Figure } from "./figure.ts";

/** A table with its first column on the left. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** `12,345` */
export function counted(count: number): string {
  return count.toLocaleString("en-US");
}

/**
 * How often something bad happened in so many trials, and what "never" is worth: seen 0 times in N, its probability lies below 3/N
 * with 95 % confidence (the rule of three).
 */
export function rate(count: number, trials: number, unit: string): string {
  const seen = `${counted(count)} in ${counted(trials)} ${unit}`;
  if (count > 0 || trials < 4) return seen;
  return `${seen} (95 %: fewer than 1 in ${counted(Math.floor(trials / 3))})`;
}

/** Where a table comes from. */
export function source(...figures: readonly (Figure<unknown> | undefined)[]): string {
  const known = figures.filter((figure) => figure !== undefined);
  const runs = known.map(({ command, commit, date, seed }) => {
    const drawn = seed === null ? "" : `, seed ${seed}`;
    return `\`${command}\`, ${date}, commit ${commit}${drawn}`;
  });
  return `*${runs.join("; ")}.*`;
}

/** In the place of a table whose run was never kept. */
export function notRunYet(name: string): string {
  return `*No run is kept yet: \`npm run figures -- ${name}\`.*`;
}
