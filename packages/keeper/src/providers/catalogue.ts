import type { Provider } from "../ports/provider.ts";
import { atlassian } from "./atlassian.ts";
import { freeagent } from "./freeagent.ts";
import { freshbooks } from "./freshbooks.ts";
import { generic } from "./generic.ts";
import { google } from "./google.ts";
import { gusto } from "./gusto.ts";
import { hubspot } from "./hubspot.ts";
import { lightspeedRetailR } from "./lightspeed-retail-r.ts";
import { lightspeedRetailX } from "./lightspeed-retail-x.ts";
import { microsoft } from "./microsoft.ts";
import { quickbooksOnline } from "./quickbooks-online.ts";
import { sageAccounting } from "./sage-accounting.ts";
import { salesforce } from "./salesforce.ts";
import { xero } from "./xero.ts";
import { xeroCustomConnection } from "./xero-custom-connection.ts";
import { zohoBooks } from "./zoho-books.ts";

const ALL: readonly Provider[] = [
  xero,
  xeroCustomConnection,
  quickbooksOnline,
  sageAccounting,
  freeagent,
  freshbooks,
  zohoBooks,
  hubspot,
  salesforce,
  atlassian,
  google,
  microsoft,
  lightspeedRetailR,
  lightspeedRetailX,
  gusto,
  generic,
];

/** Every provider that an app can be registered for, by its id. A new one is a file of data beside these and a place in this list. */
export const PROVIDERS: ReadonlyMap<string, Provider> = new Map(ALL.map((provider) => [provider.id, provider]));
