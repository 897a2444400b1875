import type { Organisation } from "../engine/index.ts";

/** Besides its own currency every organisation of the sandbox is subscribed to these. */
const subscribed: ReadonlySet<string> = new Set(["AUD", "EUR", "GBP", "NZD", "USD"]);

export const isCurrency = (organisation: Organisation, code: string): boolean =>
  code === organisation.baseCurrency || subscribed.has(code);
