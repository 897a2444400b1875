// A program as Xero's own documentation shows it, with the published SDK: consent, tenants, refresh, calls, client credentials.
import { XeroClient } from "xero-node";
import { FormBrowser } from "./form-browser.ts";

const wanted = JSON.parse(process.env.EVERGRANT_TEST_XERO);
const xero = new XeroClient({
  clientId: wanted.clientId,
  clientSecret: wanted.clientSecret,
  redirectUris: [wanted.redirectUri],
  scopes:
    "openid profile email accounting.settings accounting.contacts accounting.invoices accounting.payments offline_access".split(
      " ",
    ),
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

const books = await keepBooks(xero.accountingApi, tenantId);

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
    books,
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

// An invoice written, found, paid and found again, and what the SDK makes of a refusal.
async function keepBooks(api, tenant) {
  const invoice = {
    type: "ACCREC",
    contact: { name: "Bayside Club" },
    date: "2026-03-01",
    dueDate: "2026-03-15",
    status: "AUTHORISED",
    lineItems: [{ description: "Golf lesson", quantity: 2, unitAmount: 50, accountCode: "200" }],
  };
  const key = "sdk-1";
  const created = (await api.createInvoices(tenant, { invoices: [invoice] }, true, 4, key)).body.invoices[0];
  const again = (await api.createInvoices(tenant, { invoices: [invoice] }, true, 4, key)).body.invoices[0];
  const where = `InvoiceNumber=="${created.invoiceNumber}" AND Date==DateTime(2026,3,1)`;
  const found = (
    await api.getInvoices(
      tenant,
      new Date("2026-01-01"),
      where,
      "Date DESC",
      undefined,
      undefined,
      undefined,
      undefined,
      1,
    )
  ).body;
  const accounts = (await api.getAccounts(tenant, undefined, 'Type=="BANK"')).body.accounts;
  const payment = {
    invoice: { invoiceID: created.invoiceID },
    account: { accountID: accounts[0].accountID },
    date: "2026-03-02",
    amount: 115,
  };
  await api.createPayment(tenant, payment);
  const paid = (await api.getInvoice(tenant, created.invoiceID)).body.invoices[0];
  const refusal = await api
    .createContacts(tenant, { contacts: [{ name: "Bayside Club" }] })
    .catch((error) => JSON.parse(error));
  return {
    same: created.invoiceID === again.invoiceID,
    found: found.invoices.length,
    pages: found.pagination?.pageCount ?? null,
    total: created.total,
    status: paid.status,
    refusal: [refusal.response.statusCode, refusal.response.body.Type],
    minuteLeft: Number(refusal.response.headers["x-minlimit-remaining"]) < 60,
  };
}
