// A program as Xero's own documentation shows it, with the published SDK: consent, tenants, refresh, calls, client credentials.
import { XeroClient } from "xero-node";
import { FormBrowser } from "./form-browser.ts";

const wanted = JSON.parse(process.env.EVERGRANT_TEST_XERO);
const xero = new XeroClient({
  clientId: wanted.clientId,
  clientSecret: wanted.clientSecret,
  redirectUris: [wanted.redirectUri],
  scopes: "openid profile email accounting.settings accounting.contacts offline_access".split(" "),
  state: "a-state",
});
await xero.initialize();
const callback = await consent(await xero.buildConsentUrl());
const first = await xero.apiCallback(callback);
const tenants = await xero.updateTenants();
const refreshed = await xero.refreshToken();
const tenantId = xero.tenants[0].tenantId;
const organisations = await xero.accountingApi.getOrganisations(tenantId);
const contacts = await xero.accountingApi.getContacts(tenantId);

const custom = new XeroClient({
  clientId: wanted.custom.clientId,
  clientSecret: wanted.custom.clientSecret,
  grantType: "client_credentials",
});
const machine = await custom.getClientCredentialsToken();
const machineOrganisations = await custom.accountingApi.getOrganisations("");

await xero.revokeToken();
console.log(
  JSON.stringify({
    tenants: tenants.map((tenant) => tenant.tenantName),
    rotated: first.refresh_token !== refreshed.refresh_token && refreshed.access_token !== undefined,
    organisation: organisations.body.organisations[0].name,
    contacts: contacts.body.contacts.length,
    machine: {
      token: typeof machine.access_token,
      refresh: machine.refresh_token ?? null,
      organisation: machineOrganisations.body.organisations[0].name,
    },
  }),
);

// The person's browser reaches the sandbox by its own address; the SDK only ever sees Xero's.
async function consent(url) {
  const { pathname, search } = new URL(url);
  const browser = new FormBrowser();
  const login = await browser.open(`${wanted.login}${pathname}${search}`);
  const choose = await browser.press(login, "Log in", { email: "jane@demo.example", password: "sandbox" });
  const { name, value } = choose.choice("Demo Company (NZ)");
  const landed = await browser.press(choose, "Allow access", { [name]: value });
  return landed.url;
}
