import type { Organisation } from "../engine/index.ts";

interface TaxTypes {
  readonly sales: string;
  readonly purchases: string;
  /** Percent by tax type. */
  readonly rates: Readonly<Record<string, number>>;
}

const untaxed = {
  NONE: 0,
  EXEMPTOUTPUT: 0,
  EXEMPTEXPENSES: 0,
  EXEMPTINPUT: 0,
  ZERORATED: 0,
  ZERORATEDOUTPUT: 0,
  ZERORATEDINPUT: 0,
  BASEXCLUDED: 0,
};
const elsewhere: TaxTypes = {
  sales: "NONE",
  purchases: "NONE",
  rates: { ...untaxed, OUTPUT: 0, INPUT: 0, TAX001: 15 },
};

const byCountry: Readonly<Record<string, TaxTypes>> = {
  NZ: {
    sales: "OUTPUT2",
    purchases: "INPUT2",
    rates: { ...untaxed, OUTPUT2: 15, INPUT2: 15, OUTPUT: 12.5, INPUT: 12.5, GSTONIMPORTS: 0 },
  },
  AU: {
    sales: "OUTPUT",
    purchases: "INPUT",
    rates: { ...untaxed, OUTPUT: 10, INPUT: 10, CAPEXINPUT: 10, EXEMPTEXPORT: 0, INPUTTAXED: 0, GSTONIMPORTS: 0 },
  },
  GB: {
    sales: "OUTPUT2",
    purchases: "INPUT2",
    rates: { ...untaxed, OUTPUT2: 20, INPUT2: 20, RROUTPUT: 5, RRINPUT: 5 },
  },
};

/** The tax types of an organisation's country: the defaults for sales and purchases, and their rates in percent. */
export function taxTypesOf(organisation: Organisation): TaxTypes {
  return (
    (Object.hasOwn(byCountry, organisation.countryCode) ? byCountry[organisation.countryCode] : undefined) ?? elsewhere
  );
}

/** The rate of a tax type in percent; null: the organisation has no such tax type. */
export function taxRate(organisation: Organisation, taxType: string): number | null {
  const { rates } = taxTypesOf(organisation);
  return Object.hasOwn(rates, taxType) ? (rates[taxType] ?? null) : null;
}
