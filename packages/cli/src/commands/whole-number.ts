import { UsageError } from "../command-failure.ts";

/** An option that is a port; 0 stands for any free one. */
export function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new UsageError(`A port is a whole number from 0 to 65535, not ${text}.`);
}

/** An option that is a whole number, such as a seed. */
export function parseWholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`A whole number was expected, not ${text}.`);
}
