import { expect, test } from "vitest";
import { allowsLink, shown } from "../../../../tests/kit/custom-connection-people.ts";
import { WebhookReceiver } from "../../../../tests/kit/webhook-receiver.ts";
import { DEMO_CLIENT_ID } from "../index.ts";
import { aPortalWorld, asksToken, lastMail } from "../testing/portal-world.ts";

const demo = "Demo Company (NZ)";

test.each([
  ["no scope", { "scope.accounting.settings": "" }, "scopes"],
  ["no name", { name: " " }, "name"],
  ["a broad scope", { "scope.accounting.transactions": "on" }, "cannot be given"],
  ["an unknown user", { email: "nobody@demo.example" }, "There is no such user."],
  ["no e-mail address", { email: "jane" }, "email"],
])("the portal says what is wrong with %s", async (_title, fields, text) => {
  await using world = await aPortalWorld();
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
  await using world = await aPortalWorld();
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
  await using world = await aPortalWorld();
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

test("a webhook is set up on the page of its app, proves itself, and is taken away", async () => {
  await using receiver = await WebhookReceiver.start();
  await using world = await aPortalWorld();
  const { developer, sandbox } = world;
  const app = await developer.browser.open(`${developer.portal}/apps/${DEMO_CLIENT_ID}`);
  const elsewhere = { url: "https://example.com/hooks", "category.CONTACT": "on" };
  const refused = await developer.presses(app, "Save webhook", elsewhere);
  expect([refused.status, refused.text()]).toEqual([400, expect.stringContaining("to this machine only")]);
  const saved = await developer.presses(app, "Save webhook", { ...elsewhere, url: receiver.url });
  expect(shown(saved, "webhook-state")).toContain("Intent to receive is required");
  receiver.key = shown(saved, "webhook-key");
  await developer.presses(saved, "Send intent to receive");
  await sandbox.control.advance({ by: "1s" });
  expect(shown(await developer.reopens(saved), "webhook-state")).toBe("OK.");
  expect(sandbox.control.webhooks()).toMatchObject([{ clientId: DEMO_CLIENT_ID, categories: ["CONTACT"] }]);
  const gone = await developer.presses(saved, "Remove webhook");
  expect([gone.html.includes("webhook-key"), sandbox.control.webhooks()]).toEqual([false, []]);
});
