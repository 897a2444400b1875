import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { createSandbox } from "../index.ts";
import { type AccountingClient, aClientOf } from "../testing/accounting-client.ts";
import { first, problems, rows } from "../testing/accounting-world.ts";
import { postToken } from "../testing/person.ts";

test("each resource asks for its own scope, classic or granular, and writing for more than reading", async () => {
  const granted = async (scope: string) => {
    await using sandbox = await createSandbox();
    const { call } = await aClientOf(sandbox, { scope });
    const paths = ["/Organisation", "/Accounts", "/Contacts", "/Invoices", "/Payments", "/BankTransactions"];
    const open: string[] = [];
    for (const path of paths) {
      if ((await call("GET", path)).status === 200) open.push(`GET ${path}`);
      if (path !== "/Organisation" && (await call("PUT", path, { body: {} })).status === 400) open.push(`PUT ${path}`);
    }
    return open;
  };
  expect(await granted("accounting.settings.read")).toEqual(["GET /Organisation", "GET /Accounts"]);
  expect(await granted("accounting.contacts accounting.settings.read")).toEqual([
    "GET /Organisation",
    "GET /Accounts",
    "GET /Contacts",
    "PUT /Contacts",
  ]);
  expect(await granted("accounting.transactions.read")).toEqual([
    "GET /Invoices",
    "GET /Payments",
    "GET /BankTransactions",
  ]);
  expect(await granted("accounting.invoices accounting.payments.read")).toEqual([
    "GET /Invoices",
    "PUT /Invoices",
    "GET /Payments",
  ]);
  expect(await granted("accounting.banktransactions")).toEqual(["GET /BankTransactions", "PUT /BankTransactions"]);
});

test("a Custom Connection keeps its organisation's books without naming it, and its calls are counted like an app's", async () => {
  await using sandbox = await createSandbox();
  const { control, urls } = sandbox;
  const userId = control.users().find(({ email }) => email === "jane@demo.example")?.id ?? "";
  const organisationId = control.organisations()[0]?.id ?? "";
  const app = control.createCustomConnection({ name: "Nightly", userId, scopes: ["accounting.contacts"] });
  control.authoriseCustomConnection(app.clientId, { organisationId });
  const client = `${app.clientId}:${app.clientSecret}`;
  const granted = await postToken(sandbox, { grant_type: "client_credentials" }, client);
  const { access_token: token } = (await granted.json()) as { readonly access_token: string };
  const ask = (method: string, body?: object) =>
    fetch(`${urls.api}/api.xro/2.0/Contacts`, {
      method,
      headers: { authorization: `Bearer ${token}`, accept: "application/json", "xero-tenant-id": "" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  expect((await ask("PUT", { Name: "Ann" })).status).toBe(200);
  const mine = control.state().contacts.filter((contact) => contact.organisationId === organisationId);
  expect(mine.map(({ name }) => name)).toContain("Ann");
  control.setLimits({ clientId: app.clientId, organisationId, minute: 1 });
  expect([(await ask("GET")).status, (await ask("GET")).status]).toEqual([200, 429]);
});

test("organisations have books of their own", async () => {
  await using sandbox = await createSandbox();
  const [demo, maple] = [await aClientOf(sandbox), await aClientOf(sandbox, { organisation: "Maple Florists (AU)" })];
  const id = async ({ call }: AccountingClient) =>
    String(rows(await call("GET", "/Invoices"), "Invoices")[0]?.InvoiceID);
  const theirs = await id(maple);
  expect(theirs).not.toBe(await id(demo));
  expect((await demo.call("GET", `/Invoices/${theirs}`)).status).toBe(404);
  expect((await demo.call("POST", `/Invoices/${theirs}`, { body: { Reference: "mine" } })).status).toBe(404);
  const stolen = {
    Type: "ACCREC",
    Contact: { ContactID: String(first(await maple.call("GET", "/Contacts"), "Contacts").ContactID) },
  };
  expect(problems(await demo.call("PUT", "/Invoices", { body: stolen }))).toContain(
    "The contact with the specified contact details could not be found.",
  );
});

test("books last as long as the database, and a reset brings the first ones back", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sandbox-books-"));
  const file = join(folder, "sandbox.db");
  try {
    const before = await (async () => {
      await using sandbox = await createSandbox({ file });
      const { call } = await aClientOf(sandbox);
      await call("PUT", "/Contacts", { body: { Name: "Ann" } });
      return sandbox.control.state();
    })();
    await using sandbox = await createSandbox({ file });
    const after = sandbox.control.state();
    expect([after.contacts, after.invoices]).toEqual([before.contacts, before.invoices]);
    sandbox.control.reset();
    const { contacts, invoices } = sandbox.control.state();
    expect(contacts.map(({ name }) => name)).not.toContain("Ann");
    expect(invoices.map(({ id }) => id).toSorted()).toEqual(before.invoices.map(({ id }) => id).toSorted());
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a database of before there were books gets them when it is opened", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sandbox-books-"));
  const file = join(folder, "sandbox.db");
  try {
    await (await createSandbox({ file })).close();
    const database = new DatabaseSync(file);
    const kept = "'accounts', 'invoices', 'payments', 'bankTransactions'";
    database.exec(`DELETE FROM ledger WHERE kind IN (${kept})`);
    // As a contact was stored then.
    database.exec(
      "UPDATE ledger SET row = json_remove(row, '$.status', '$.phones', '$.addresses', '$.persons') WHERE kind = 'contacts'",
    );
    database.close();
    await using sandbox = await createSandbox({ file });
    const { call } = await aClientOf(sandbox);
    expect(rows(await call("GET", "/Contacts?page=1"), "Contacts")).toHaveLength(5);
    expect(rows(await call("GET", "/Invoices?page=1"), "Invoices")).toHaveLength(12);
  } finally {
    await rm(folder, { recursive: true });
  }
});
