import { describe, expect, test } from "vitest";
import { MailCatcher } from "../../../tests/kit/mail-catcher.ts";
import { WebhookReceiver } from "../../../tests/kit/webhook-receiver.ts";
import { createSandbox, DEMO_CLIENT_ID, type FaultAction } from "./index.ts";
import { connectedJane } from "./testing/person.ts";

describe("a webhook post", () => {
  const aWorld = async () => {
    const receiver = await WebhookReceiver.start();
    const sandbox = await createSandbox();
    const { control } = sandbox;
    await connectedJane(sandbox, "accounting.contacts offline_access");
    receiver.key = control.setWebhook(DEMO_CLIENT_ID, { url: receiver.url, categories: ["CONTACT"] }).key;
    control.sendIntentToReceive(DEMO_CLIENT_ID);
    await control.advance({ by: "1s" });
    const organisationId = control.organisations().find(({ name }) => name === "Demo Company (NZ)")?.id ?? "";
    receiver.posts.length = 0;
    const emits = async () => {
      control.emitEvent({ organisationId, category: "CONTACT", type: "UPDATE", resourceId: "c1" });
      await control.advance({ by: "1s" });
    };
    const close = async () => {
      await sandbox.close();
      await receiver[Symbol.asyncDispose]();
    };
    return { sandbox, control, receiver, emits, [Symbol.asyncDispose]: close };
  };

  test.each([
    ["is lost on its way and comes with the next attempt", "before-commit", { kind: "drop" }, 0, 1, null],
    [
      "arrives, its answer is lost, and it comes a second time",
      "after-commit-before-headers",
      { kind: "drop" },
      1,
      2,
      null,
    ],
    [
      "arrives, is taken as refused, and comes a second time",
      "after-commit-before-headers",
      { kind: "status", status: 503 },
      1,
      2,
      503,
    ],
    ["is late", "before-commit", { kind: "stall", ms: 1 }, 1, 1, 200],
    ["goes out twice", "before-commit", { kind: "duplicate" }, 2, 2, 200],
  ] as const)("%s", async (_title, point, action, atOnce, afterwards, status) => {
    await using world = await aWorld();
    const { control, receiver } = world;
    const fault = control.placeFault({ endpoint: "webhook", clientId: DEMO_CLIENT_ID, point, action });
    await world.emits();
    expect(receiver.events()).toHaveLength(atOnce);
    expect(control.requests().at(-1)).toMatchObject({ endpoint: "webhook", status, fault: { id: fault.id } });
    await control.advance({ by: "5m" });
    expect(receiver.events()).toHaveLength(afterwards);
    expect(control.webhooks()[0]).toMatchObject({ state: "active", failures: 0, waiting: 0 });
  });

  test("is cut in the middle, so that its signature does not fit", async () => {
    await using world = await aWorld();
    world.control.placeFault({ endpoint: "webhook", point: "before-commit", action: { kind: "malformed-json" } });
    await world.emits();
    expect(world.receiver.posts.map(({ rightlySigned }) => rightlySigned)).toEqual([false]);
    await world.control.advance({ by: "5m" });
    expect(world.receiver.events()).toHaveLength(1);
  });
});

describe("a mail", () => {
  const wanted = { name: "Nightly", email: "jane@demo.example", scopes: ["accounting.settings"] };
  const sendsUnder = async (action: FaultAction) => {
    await using catcher = await MailCatcher.start();
    await using sandbox = await createSandbox({ smtp: catcher.url });
    const userId = sandbox.control.users().find(({ email }) => email === wanted.email)?.id;
    sandbox.control.placeFault({ endpoint: "mail", userId, point: "before-commit", action });
    sandbox.control.createCustomConnection(wanted);
    await sandbox.control.advance({ by: "1s" });
    const entry = sandbox.control.requests().find(({ endpoint }) => endpoint === "mail");
    expect(entry?.fault?.action).toBe(action.kind);
    return [catcher.mails.length, sandbox.control.mails()[0]?.delivery.kind, entry?.outcome];
  };

  test("that is lost is told as sent", async () =>
    expect(await sendsUnder({ kind: "drop" })).toEqual([0, "sent", "sent"]));
  test("comes twice", async () => expect(await sendsUnder({ kind: "duplicate" })).toEqual([2, "sent", "sent"]));
  test("is late", async () => expect(await sendsUnder({ kind: "stall", ms: 1 })).toEqual([1, "sent", "sent"]));
  test("is refused by its server", async () =>
    expect(await sendsUnder({ kind: "status", status: 503 })).toEqual([0, "failed", "failed"]));
});
