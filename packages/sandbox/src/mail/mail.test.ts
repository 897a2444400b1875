import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { allowsLink, shown } from "../../../../tests/kit/custom-connection-people.ts";
import { MailCatcher } from "../../../../tests/kit/mail-catcher.ts";
import { createSandbox } from "../index.ts";
import { aPortalWorld, asksToken, lastMail, organisationsOf } from "../testing/portal-world.ts";

const demo = "Demo Company (NZ)";
const maple = "Maple Florists (AU)";

test("portal, real mail, consent, secret, token: a Custom Connection as a developer and a user make it", async () => {
  await using catcher = await MailCatcher.start();
  await using world = await aPortalWorld({ smtp: catcher.url });
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
  await using world = await aPortalWorld();
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
  await using world = await aPortalWorld({ smtp: refusing.url });
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
