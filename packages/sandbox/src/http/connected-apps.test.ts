import { expect, test } from "vitest";
import { createSandbox, type Sandbox } from "../index.ts";
import { aPerson, connectedJane } from "../testing/person.ts";

const url = (sandbox: Sandbox) => `${sandbox.urls.login}/connected-apps`;
const field = (text: string, name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(text)?.[1] ?? "";

/** A person with a browser who has the list before them. */
async function aReader(sandbox: Sandbox, email: string) {
  const person = aPerson(email);
  const csrf = field(await (await person.opens(url(sandbox))).text(), "csrf");
  const login = await person.opens(`${url(sandbox)}/login`, { csrf, email, password: "sandbox" });
  const disconnects = (connection: string, mine = csrf) =>
    person.opens(`${url(sandbox)}/disconnect`, { csrf: mine, connection });
  const reads = async () => (await person.opens(url(sandbox))).text();
  return { login, reads, disconnects };
}

test("a person sees what is connected, disconnects it, and the tokens live on", async () => {
  await using sandbox = await createSandbox();
  const tokens = await connectedJane(sandbox);
  const jane = await aReader(sandbox, "jane@demo.example");
  expect(jane.login.headers.get("location")).toBe("/connected-apps");
  const list = await jane.reads();
  expect(list).toContain("<strong>Demo app</strong> at Demo Company (NZ)");
  expect((await jane.disconnects(field(list, "connection"))).status).toBe(302);
  expect(await jane.reads()).toContain("No app is connected");
  expect(sandbox.control.connections()[0]?.endedReason).toBe("disconnected");
  expect(sandbox.control.tokenAccepted({ token: tokens.refresh_token }).accepted).toBe(true);
});

test("another Standard user of the organisation may disconnect it too; one who may only read sees nothing and can do nothing", async () => {
  await using sandbox = await createSandbox();
  await connectedJane(sandbox);
  const id = sandbox.control.connections()[0]?.id ?? "";
  const rita = await aReader(sandbox, "rita@demo.example");
  expect(await rita.reads()).toContain("No app is connected");
  await rita.disconnects(id);
  expect(sandbox.control.connections()[0]?.endedAtMs).toBeNull();
  const sam = await aReader(sandbox, "sam@demo.example");
  expect(await sam.reads()).toContain("connected by jane@demo.example");
  await sam.disconnects(id);
  expect(sandbox.control.connections()[0]?.endedAtMs).not.toBeNull();
});

test("a wrong password is told, and a form of another site does nothing", async () => {
  await using sandbox = await createSandbox();
  await connectedJane(sandbox);
  const stranger = aPerson("jane@demo.example");
  const csrf = field(await (await stranger.opens(url(sandbox))).text(), "csrf");
  const failed = await stranger.opens(`${url(sandbox)}/login`, { csrf, email: "jane@demo.example", password: "no" });
  expect(failed.status).toBe(401);
  const jane = await aReader(sandbox, "jane@demo.example");
  expect((await jane.disconnects(sandbox.control.connections()[0]?.id ?? "", "x".repeat(43))).status).toBe(403);
  expect(sandbox.control.connections()[0]?.endedAtMs).toBeNull();
});
