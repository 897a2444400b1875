import { expect, test } from "vitest";
import { createSandbox, DEMO_REDIRECT_URI, type Sandbox, type Time } from "../index.ts";
import { aPerson, authorizeUrl } from "../testing/person.ts";

const broad = "accounting.transactions accounting.contacts offline_access";
const granular = "accounting.invoices accounting.banktransactions.read accounting.contacts offline_access";

/** The clock stands at an instant, as far as nobody moves it. */
const at = (isoDate: string): Time => ({
  wallMs: () => Date.parse(isoDate),
  monotonicMs: () => 0,
  setTimer: () => ({ cancel: () => undefined }),
});
const anApp = (sandbox: Sandbox, createdAt: string) =>
  sandbox.control.createApp({ name: "Dated", redirectUris: [DEMO_REDIRECT_URI], createdAt }).clientId;
async function page(sandbox: Sandbox, clientId: string, scope: string): Promise<string> {
  const person = aPerson("jane@demo.example");
  const url = authorizeUrl(sandbox, { client_id: clientId, scope });
  return (await (await person.opens(url)).text()).includes("unauthorized_client : Invalid scope for client")
    ? "refused"
    : "login";
}

test("an app created before 2 March 2026 asks for broad and granular scopes, also mixed", async () => {
  await using sandbox = await createSandbox({ time: at("2026-10-01T00:00:00Z") });
  const old = anApp(sandbox, "2026-03-01T23:59:59Z");
  for (const scope of [broad, granular, `${broad} accounting.invoices.read`])
    expect(await page(sandbox, old, scope)).toBe("login");
});

test("an app created on that day or later gets granular scopes alone", async () => {
  await using sandbox = await createSandbox({ time: at("2026-10-01T00:00:00Z") });
  const young = anApp(sandbox, "2026-03-02T00:00:00Z");
  expect([await page(sandbox, young, broad), await page(sandbox, young, granular)]).toEqual(["refused", "login"]);
  sandbox.control.setSwitches({ "scopes.by_date": false });
  expect(await page(sandbox, young, broad)).toBe("login");
});

test("in September 2027 broad scopes end for every app's consent", async () => {
  await using sandbox = await createSandbox({ time: at("2027-08-31T23:50:00Z") });
  const old = anApp(sandbox, "2024-01-01T00:00:00Z");
  expect(await page(sandbox, old, broad)).toBe("login");
  await sandbox.control.advance({ by: "11m" });
  expect([await page(sandbox, old, broad), await page(sandbox, old, granular)]).toEqual(["refused", "login"]);
});

test("scopes add up over consents of one person, and a refresh adds none", async () => {
  await using sandbox = await createSandbox();
  const jane = aPerson("jane@demo.example");
  const first = await jane.connects(sandbox, {
    organisation: "Demo Company (NZ)",
    scope: "openid accounting.settings offline_access",
  });
  const second = await jane.connects(sandbox, {
    organisation: null,
    scope: "accounting.contacts.read offline_access",
  });
  expect(first.scope.split(" ")).not.toContain("accounting.contacts.read");
  expect(second.scope.split(" ")).toEqual(expect.arrayContaining(["accounting.settings", "accounting.contacts.read"]));
});
