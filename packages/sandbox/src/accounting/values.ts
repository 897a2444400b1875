/** An instant. Xero writes `/Date(ms+0000)/`, and in a few places, which it calls UTC as well, without the zone. */
export class XeroDate {
  readonly atMs: number;
  readonly zoned: boolean;

  constructor(atMs: number, zoned = true) {
    this.atMs = atMs;
    this.zoned = zoned;
  }

  toString(): string {
    return `/Date(${this.atMs}${this.zoned ? "+0000" : ""})/`;
  }
}

/** A number with a fixed count of decimals, as Xero writes amounts: `5.00`. */
export class Decimal {
  readonly value: number;
  readonly places: number;

  constructor(value: number, places: number) {
    this.value = value;
    this.places = places;
  }

  toString(): string {
    return this.value.toFixed(this.places);
  }
}

/** A member of an answer before it is written as JSON or XML. Members that are undefined are left out. */
export type Member = string | number | boolean | null | undefined | XeroDate | Decimal | readonly Member[] | Members;
export interface Members {
  readonly [name: string]: Member;
}

/** An element of the API, such as an invoice, as it is sent. */
export type Element = Members;

export const money = (value: number): Decimal => new Decimal(value, 2);
export const optionalDate = (ms: number | null): XeroDate | undefined => (ms === null ? undefined : new XeroDate(ms));

/** The form of `DateString`: a day without a zone. */
export const dayText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 10)}T00:00:00`;

const dayMs = 86_400_000;
export const startOfDay = (ms: number): number => Math.floor(ms / dayMs) * dayMs;

/** Rounds half away from zero, on the decimal a person would see: 1.005 is 1.01. */
export function rounded(value: number, places: number): number {
  const scale = 10 ** places;
  return (Math.sign(value) * Math.round(Number((Math.abs(value) * scale).toPrecision(15)))) / scale || 0;
}

export const cents = (value: number): number => rounded(value, 2);

export const zeroGuid = "00000000-0000-0000-0000-000000000000";
export const isGuid = (text: string): boolean => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

const latestMs = Date.UTC(9999, 11, 31);

/** Reads `/Date(ms)/`, `/Date(ms+0000)/` and ISO dates; without a zone they are UTC. null: not a date. */
export function parseDate(text: string): number | null {
  const tagged = /^\\?\/Date\((-?\d{1,16})(?:[+-]\d{4})?\)\\?\/$/.exec(text);
  const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  const ms =
    tagged !== null
      ? Number(tagged[1])
      : iso !== null
        ? Date.parse(`${iso[1]}T${iso[2] ?? "00:00"}${iso[3] ?? "Z"}`)
        : NaN;
  return Number.isFinite(ms) && ms >= 0 && ms <= latestMs ? ms : null;
}
