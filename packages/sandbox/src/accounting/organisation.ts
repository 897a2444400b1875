import type { Organisation } from "../engine/index.ts";
import { type Element, XeroDate } from "./values.ts";

/** An organisation as `GET /Organisation` gives it. */
export const organisationShape = (organisation: Organisation): Element => ({
  Name: organisation.name,
  LegalName: organisation.legalName,
  PaysTax: true,
  Version: versions[organisation.countryCode] ?? "GLOBAL",
  OrganisationType: "COMPANY",
  BaseCurrency: organisation.baseCurrency,
  CountryCode: organisation.countryCode,
  IsDemoCompany: organisation.isDemoCompany,
  OrganisationStatus: "ACTIVE",
  FinancialYearEndDay: 31,
  FinancialYearEndMonth: 3,
  SalesTaxBasis: "PAYMENTS",
  SalesTaxPeriod: "TWOMONTHS",
  DefaultSalesTax: "Remember previous",
  DefaultPurchasesTax: "Remember previous",
  CreatedDateUTC: new XeroDate(organisation.createdAtMs, false),
  OrganisationEntityType: "COMPANY",
  Timezone: organisation.timezone,
  ShortCode: organisation.shortCode,
  OrganisationID: organisation.id,
  Edition: "BUSINESS",
  Class: organisation.isDemoCompany ? "DEMO" : "PREMIUM",
  Addresses: [],
  Phones: [],
  ExternalLinks: [],
  PaymentTerms: {},
});

const versions: Readonly<Record<string, string>> = { AU: "AU", GB: "UK", NZ: "NZ", US: "US" };
