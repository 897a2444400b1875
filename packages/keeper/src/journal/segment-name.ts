/** `segment-000000000012.journal`: names sort as numbers do. */
export function segmentName(number: number): string {
  return `segment-${String(number).padStart(12, "0")}.journal`;
}

/** The number of a segment's file; null for any other file. */
export function segmentNumber(name: string): number | null {
  const digits = /^segment-(\d{12})\.journal$/.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}
