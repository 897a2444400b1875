/** Order of code units, as the SQL stores order their keys. */
export function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
