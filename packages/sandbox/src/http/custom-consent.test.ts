import { expect, test } from "vitest";
import { allowsLink, opensLink, shown } from "../../../../tests/kit/custom-connection-people.ts";
import { FormBrowser } from "../../../../tests/kit/form-browser.ts";
import { aPortalWorld, asksToken, lastMail, organisationsOf } from "../testing/portal-world.ts";

const demo = "Demo Company (NZ)";
const maple = "Maple Florists (AU)";

test("opening the link changes nothing; another user cannot answer; no and yes each count once", async () => {
  await using world = await aPortalWorld();
  const { sandbox } = world;
  const made = await world.developer.creates();
  const { link } = lastMail(sandbox);
  await fetch(link);
  await fetch(link);
  const sam = await opensLink(link, "sam@demo.example");
  expect([sam.status, sam.text()]).toEqual([403, expect.stringContaining("You are logged in as sam@demo.example.")]);
  expect(sandbox.control.customConnections()[0]).toMatchObject({ state: "awaiting-consent", link: "open" });

  const jane = new FormBrowser();
  const no = await jane.press(await opensLink(link, "jane@demo.example", jane), "Decline");
  expect(no.text()).toContain("Nightly books gets no access.");
  expect((await jane.open(link)).text()).toContain("This request was declined");
  expect((await world.developer.reopens(made)).text()).toContain("The newest mail was answered with no.");
  expect(sandbox.control.customConnections()[0]?.state).toBe("awaiting-consent");

  await world.developer.presses(made, "Send the mail again");
  expect((await allowsLink(lastMail(sandbox).link, demo)).status).toBe(200);
  expect((await jane.open(lastMail(sandbox).link)).text()).toContain("This request was allowed already.");
});

test("somebody else's browser can log in as the right user from the page", async () => {
  await using world = await aPortalWorld();
  await world.developer.creates();
  const browser = new FormBrowser();
  const wrong = await opensLink(lastMail(world.sandbox).link, "sam@demo.example", browser);
  const login = await browser.press(wrong, "Use another account");
  const page = await browser.press(login, "Log in", { email: "jane@demo.example", password: "sandbox" });
  expect(page.text()).toContain("Select the one organisation to connect");
});

test("a link is known, not expired, and the newest", async () => {
  await using world = await aPortalWorld({ switches: { "cc.mail_link_ttl_seconds": 3600 } });
  const { sandbox } = world;
  const made = await world.developer.creates();
  const first = lastMail(sandbox).link;
  await world.developer.presses(made, "Send the mail again");
  const second = lastMail(sandbox).link;
  const browser = new FormBrowser();
  expect((await browser.open(first)).text()).toContain("There is a newer request");
  expect((await browser.open(`${second}x`)).status).toBe(404);
  await sandbox.control.advance({ by: "61m" });
  expect((await browser.open(second)).text()).toContain("This request has expired");
  expect((await world.developer.reopens(made)).text()).toContain("The link in the newest mail has expired.");
});

test("only organisations in the four countries, and only by a role that may connect", async () => {
  await using world = await aPortalWorld();
  const { control } = world.sandbox;
  const jane = control.users().find(({ email }) => email === "jane@demo.example")?.id ?? "";
  const join = (name: string, countryCode: string, role: "Adviser" | "Read only") => {
    const { id } = control.createOrganisation({ name, countryCode, baseCurrency: "EUR", isDemoCompany: true });
    control.setMembership({ userId: jane, organisationId: id, role });
    return id;
  };
  const french = join("Boulangerie", "FR", "Adviser");
  const british = join("Bakery", "GB", "Read only");
  await world.developer.creates();
  const browser = new FormBrowser();
  const page = await opensLink(lastMail(world.sandbox).link, "jane@demo.example", browser);
  expect(page.text()).toContain("Custom Connections exist for organisations in Australia");
  for (const [organisation, problem] of [
    [french, "Custom Connections exist for organisations in"],
    [british, "Your role in that organisation may not connect apps."],
    ["nobody", "Select an organisation."],
  ] as const) {
    const refused = await browser.press(page, "Allow access", { organisation });
    expect([refused.status, refused.text()]).toEqual([400, expect.stringContaining(problem)]);
  }
  expect(control.customConnections()[0]?.state).toBe("awaiting-consent");
});

test("a live organisation has to buy first, on the page or before; the end of the subscription ends the connection", async () => {
  await using world = await aPortalWorld();
  const { sandbox } = world;
  const made = await world.developer.creates();
  const browser = new FormBrowser();
  const page = await opensLink(lastMail(sandbox).link, "jane@demo.example", browser);
  expect(page.text()).toContain("Has to be bought first: 10 AUD a month.");
  const { name, value } = page.choice(maple);
  const unpaid = await browser.press(page, "Allow access", { [name]: value });
  expect(unpaid.text()).toContain("The subscription for that organisation has to be bought first.");
  const bought = await browser.press(unpaid, "Buy subscription", { [name]: value });
  expect(bought.text()).toContain("Bought.");
  expect((await browser.press(bought, "Allow access", { [name]: value })).text()).toContain(`is connected to ${maple}`);

  const { id: clientId, secret } = {
    id: shown(made, "client-id"),
    secret: sandbox.control.addAppSecret(shown(made, "client-id")).clientSecret,
  };
  const client = { id: clientId, secret };
  const token = (await asksToken(sandbox, client)).body.access_token;
  const in30Days = new Date(sandbox.control.clock().nowMs + 30 * 86_400_000).toISOString();
  sandbox.control.schedule({ at: in30Days, action: { kind: "end-purchase", clientId } });
  await sandbox.control.advance({ by: "31d" });
  expect(await asksToken(sandbox, client)).toMatchObject({ status: 400, body: { error: "unauthorized_client" } });
  expect((await organisationsOf(sandbox, token))[0]).toBe(401);
  expect(shown(await world.developer.reopens(made), "state")).toContain("ended: buy it again");

  await world.developer.presses(made, "Buy", { organisation: value });
  expect((await asksToken(sandbox, client)).status).toBe(400);
  await world.developer.presses(made, "Send the mail again");
  await allowsLink(lastMail(sandbox).link, maple);
  expect((await asksToken(sandbox, client)).status).toBe(200);
});

test.each([
  ["scopes", { "scope.accounting.settings": "on", "scope.accounting.contacts": "on" }],
  ["authorising user", { "scope.accounting.settings": "on", email: "sam@demo.example" }],
])("an edit of the %s deactivates it until it is authorised again", async (_title, change) => {
  await using world = await aPortalWorld();
  const { sandbox } = world;
  const made = await world.developer.creates();
  await allowsLink(lastMail(sandbox).link, demo);
  const client = {
    id: shown(made, "client-id"),
    secret: sandbox.control.addAppSecret(shown(made, "client-id")).clientSecret,
  };
  const old = (await asksToken(sandbox, client)).body.access_token;
  const email = "email" in change ? change.email : "jane@demo.example";
  const fields = { name: "Nightly books", "company-url": "https://nightly.example", email, ...change };
  const edited = await world.developer.presses(made, "Save and connect", fields);
  expect(shown(edited, "state")).toBe(`Deactivated: ${email} has to authorise it again.`);
  expect(await asksToken(sandbox, client)).toMatchObject({ status: 400, body: { error: "unauthorized_client" } });
  expect(await organisationsOf(sandbox, old)).toEqual([403, undefined]);
  expect(lastMail(sandbox).to).toBe(email);
  await allowsLink(lastMail(sandbox).link, demo, email);
  expect((await asksToken(sandbox, client)).status).toBe(200);
});

test("a new name alone changes nothing, another organisation does", async () => {
  await using world = await aPortalWorld();
  const { sandbox } = world;
  const made = await world.developer.creates();
  await allowsLink(lastMail(sandbox).link, demo);
  const same = { email: "jane@demo.example", "scope.accounting.settings": "on" };
  const renamed = await world.developer.presses(made, "Save and connect", { ...same, name: "Other words" });
  expect(shown(renamed, "state")).toBe(`Connected to ${demo}.`);
  expect(sandbox.control.mails()).toHaveLength(1);
  await world.developer.presses(made, "Connect another organisation");
  expect(sandbox.control.customConnections()[0]).toMatchObject({
    state: "deactivated",
    organisation: null,
    link: "open",
  });
});

test("the consent page takes no form that it did not give", async () => {
  await using world = await aPortalWorld();
  await world.developer.creates();
  const link = new URL(lastMail(world.sandbox).link).searchParams.get("link") ?? "";
  const answer = await fetch(`${world.sandbox.urls.login}/identity/custom-connections/decide`, {
    method: "POST",
    body: new URLSearchParams({ request: link, decision: "decline", csrf: "guess" }),
  });
  expect([answer.status, world.sandbox.control.customConnections()[0]?.link]).toEqual([403, "open"]);
});
