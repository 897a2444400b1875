/** Columns side by side, as wide as their longest cell; no rule lines, no trailing spaces. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_title, column) => Math.max(...all.map((row) => printable(row[column] ?? "").length)));
  const line = (row: readonly string[]) =>
    head
      .map((_title, column) => printable(row[column] ?? "").padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return all.map(line).join("\n");
}

/** A title and what is known under it, one fact a line. */
export function factsText(title: string, facts: readonly (readonly [string, string])[]): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  return [title, ...facts.map(([name, value]) => `  ${name.padEnd(width)}  ${printable(value)}`)].join("\n");
}

/** Names come from a provider: nothing in them may move the cursor of whoever reads them. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, "?");
}
