import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { allowsLink, Developer, opensLink, shown } from "../../../../tests/kit/custom-connection-people.ts";
import { FormBrowser } from "../../../../tests/kit/form-browser.ts";
import { MailCatcher } from "../../../../tests/kit/mail-catcher.ts";
import { createSandbox, type Sandbox, type SandboxOptions } from "../index.ts";

const demo = "Demo Company (NZ)";
const maple = "Maple Florists (AU)";

/** A sandbox, a developer in its portal, and (by default) no mail server. */
async function aWorld(options: SandboxOptions = {}) {
  const sandbox = await createSandbox(options);
  const developer = new Developer(sandbox.urls.control);
  return { sandbox, developer, [Symbol.asyncDispose]: () => sandbox.close() };
}

const asksToken = async (
  sandbox: Sandbox,
  client: { id: string; secret: string },
  more: Record<string, string> = {},
) => {
  const answer = await fetch(`${sandbox.urls.identity}/connect/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", ...more }),
  });
  return {
    status: answer.status,
    body: (await answer.json()) as { access_token?: string; error?: string; scope?: string },
  };
};

const organisationsOf = async (sandbox: Sandbox, token: string | undefined, tenant?: string) => {
  const headers = {
    authorization: `Bearer ${token}`,
    accept: "application/json",
    ...(tenant === undefined ? {} : { "xero-tenant-id": tenant }),
  };
  const answer = await fetch(`${sandbox.urls.api}/api.xro/2.0/Organisation`, { headers });
  const body = (await answer.json()) as { Organisations?: { Name: string }[] };
  return [answer.status, body.Organisations?.map(({ Name }) => Name)];
};

const lastMail = (sandbox: Sandbox) => {
  const mail = sandbox.control.mails().at(-1);
  if (mail === undefined) throw new Error("no mail");
  return mail;
};

test("portal, real mail, consent, secret, token: a Custom Connection as a developer and a user make it", async () => {
  await using catcher = await MailCatcher.start();
  await using world = await aWorld({ smtp: catcher.url });
  const { sandbox } = world;
  const made = await world.developer.creates();
  expect(shown(made, "state")).toBe("Waiting for jane@demo.example to authorise it.");

  const mail = await catcher.mail(1);
  expect(mail).toMatchObject({ to: "jane@demo.example", subject: "Nightly books asks for access to Xero (sandbox)" });
  expect(mail.links).toHaveLength(1);
  const connected = await allowsLink(mail.links[0] ?? "", demo);
  expect(connected.text()).toContain(`Nightly books is connected to ${demo}`);

  const withSecret = await world.developer.presses(made, "Generate a secret");
  const client = { id: shown(withSecret, "client-id"), secret: shown(withSecret, "client-secret") };
  expect(client.secret).toMatch(/^[\w-]{43}$/);
  const { status, body } = await asksToken(sandbox, client);
  expect([status, body.scope]).toEqual([200, "accounting.settings"]);
  expect(await organisationsOf(sandbox, body.access_token)).toEqual([200, [demo]]);
  expect(await organisationsOf(sandbox, body.access_token, "")).toEqual([200, [demo]]);
  const other = sandbox.control.organisations().find(({ name }) => name === maple)?.id;
  expect(await organisationsOf(sandbox, body.access_token, other)).toEqual([403, undefined]);
  const page = await world.developer.reopens(withSecret);
  expect([page.html.includes(client.secret), shown(page, "state")]).toEqual([false, `Connected to ${demo}.`]);
});

test("the mail is rendered in the outbox, where it also stays without a mail server", async () => {
  await using world = await aWorld();
  await world.developer.creates({ name: "Évil\r\nBcc: all@demo.example" });
  await world.sandbox.control.advance({ by: "1s" });
  expect(lastMail(world.sandbox).delivery).toEqual({ kind: "kept" });
  const outbox = await world.developer.browser.open(`${world.developer.portal}/mails`);
  expect(outbox.text()).toContain("kept here, because the sandbox has no mail server");
  const [, address = ""] = /href="(\/__sandbox\/portal\/mails\/[^"]+)"/.exec(outbox.html) ?? [];
  const mail = await world.developer.browser.open(new URL(address, world.developer.portal).href);
  expect(mail.html).toContain(lastMail(world.sandbox).link);
  expect(lastMail(world.sandbox).subject).toBe("Évil Bcc: all@demo.example asks for access to Xero (sandbox)");
});

test("a mail that the server refuses is told in the outbox", async () => {
  await using refusing = await MailCatcher.start({ refuses: true });
  await using world = await aWorld({ smtp: refusing.url });
  await world.developer.creates();
  await world.sandbox.control.advance({ by: "1s" });
  expect(lastMail(world.sandbox).delivery).toMatchObject({
    kind: "failed",
    because: expect.stringContaining("no such mailbox"),
  });
  expect((await world.developer.browser.open(`${world.developer.portal}/mails`)).text()).toContain("not sent:");
});

test.each(["not a url", "http://localhost:25", "smtp:"])("%s is no mail server", async (smtp) => {
  await expect(createSandbox({ smtp })).rejects.toMatchObject({ code: "smtp_url_invalid" });
});

test("opening the link changes nothing; another user cannot answer; no and yes each count once", async () => {
  await using world = await aWorld();
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
  await using world = await aWorld();
  await world.developer.creates();
  const browser = new FormBrowser();
  const wrong = await opensLink(lastMail(world.sandbox).link, "sam@demo.example", browser);
  const login = await browser.press(wrong, "Use another account");
  const page = await browser.press(login, "Log in", { email: "jane@demo.example", password: "sandbox" });
  expect(page.text()).toContain("Select the one organisation to connect");
});

test("a link is known, not expired, and the newest", async () => {
  await using world = await aWorld({ switches: { "cc.mail_link_ttl_seconds": 3600 } });
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
  await using world = await aWorld();
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
  await using world = await aWorld();
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
  await using world = await aWorld();
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
  await using world = await aWorld();
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

test.each([
  ["no scope", { "scope.accounting.settings": "" }, "scopes"],
  ["no name", { name: " " }, "name"],
  ["a broad scope", { "scope.accounting.transactions": "on" }, "cannot be given"],
  ["an unknown user", { email: "nobody@demo.example" }, "There is no such user."],
  ["no e-mail address", { email: "jane" }, "email"],
])("the portal says what is wrong with %s", async (_title, fields, text) => {
  await using world = await aWorld();
  const dropped = Object.entries(fields).find(([, value]) => value === "")?.[0];
  const page =
    dropped === undefined
      ? await world.developer.creates(fields)
      : await world.developer.browser.press(
          await world.developer.browser.open(`${world.developer.portal}/new`),
          "Save and connect",
          {
            name: "x",
            email: "jane@demo.example",
          },
        );
  expect(page.status).toBeGreaterThanOrEqual(400);
  expect(page.text()).toContain(text);
  expect(world.sandbox.control.customConnections()).toEqual([]);
});

test("secrets: generated ones are added, replaced or removed", async () => {
  await using world = await aWorld();
  const { sandbox } = world;
  const made = await world.developer.creates();
  await allowsLink(lastMail(sandbox).link, demo);
  const id = shown(made, "client-id");
  const generate = async (button: string) => shown(await world.developer.presses(made, button), "client-secret");
  const works = async (secret: string) => (await asksToken(sandbox, { id, secret })).status === 200;
  const first = await generate("Generate a secret");
  const second = await generate("Generate a secret");
  expect([await works(first), await works(second)]).toEqual([true, true]);
  const third = await generate("Replace all secrets");
  expect([await works(first), await works(second), await works(third)]).toEqual([false, false, true]);
  await world.developer.presses(made, "Remove secret 1");
  expect(await works(third)).toBe(false);
});

test("the portal is for this machine and this browser: a foreign form and a foreign host are refused", async () => {
  await using world = await aWorld();
  const foreign = await fetch(`${world.developer.portal}/new`, {
    method: "POST",
    body: new URLSearchParams({
      name: "x",
      email: "jane@demo.example",
      "scope.accounting.settings": "on",
      csrf: "guess",
    }),
  });
  expect([foreign.status, world.sandbox.control.customConnections()]).toEqual([403, []]);
  const { request } = await import("node:http");
  const status = await new Promise((resolve) => {
    request(world.developer.portal, { headers: { host: "attacker.example" } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).end();
  });
  expect(status).toBe(403);
});

test("the consent page takes no form that it did not give", async () => {
  await using world = await aWorld();
  await world.developer.creates();
  const link = new URL(lastMail(world.sandbox).link).searchParams.get("link") ?? "";
  const answer = await fetch(`${world.sandbox.urls.login}/identity/custom-connections/decide`, {
    method: "POST",
    body: new URLSearchParams({ request: link, decision: "decline", csrf: "guess" }),
  });
  expect([answer.status, world.sandbox.control.customConnections()[0]?.link]).toEqual([403, "open"]);
});

test("a restart keeps outbox and links, and sends what waited", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sandbox-mail-"));
  const file = join(folder, "sandbox.db");
  try {
    const wanted = { name: "Nightly", email: "jane@demo.example", scopes: ["accounting.settings"] };
    {
      // Nobody waits for the mail: it is written down, and the sandbox is gone before it could be sent.
      const sandbox = await createSandbox({ file, smtp: "smtp://127.0.0.1:1" });
      sandbox.control.createCustomConnection(wanted);
      await sandbox.close();
    }
    await using catcher = await MailCatcher.start();
    await using sandbox = await createSandbox({ file, smtp: catcher.url });
    const { links } = await catcher.mail(1);
    expect(new URL(links[0] ?? "").origin).toBe(sandbox.urls.login);
    expect((await allowsLink(links[0] ?? "", demo)).text()).toContain(`is connected to ${demo}`);
    await sandbox.control.advance({ by: "1s" });
    expect(sandbox.control.mails()).toMatchObject([{ link: links[0], delivery: { kind: "sent" } }]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
