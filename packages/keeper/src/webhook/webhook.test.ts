import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Secret } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { checkedAddress } from "../service/recipient-address.ts";
import { webhookSender } from "./webhook-sender.ts";

const POST = { id: "nt_1_1", atMs: 1_000, body: "{}", secrets: [new Secret("whsec_AAAA")] };

async function receiver(answer: (respond: ServerResponse) => void) {
  const server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

describe("a webhook", () => {
  test.each([
    [204, "sent"],
    [410, "gone"],
    [400, "failed"],
    [503, "failed"],
    [302, "failed"],
  ])("that answers %i is %s, and no redirect is followed", async (status, kind) => {
    let asked = 0;
    await using server = await receiver((response) => {
      asked += 1;
      response.writeHead(status, { location: "http://127.0.0.1:1/elsewhere" }).end("canary");
    });
    const sender = webhookSender({ timeoutMs: 5_000 });
    const sent = await sender.post({ ...POST, url: `http://localhost:${server.port}/hooks` });
    expect([sent.kind, asked]).toEqual([kind, 1]);
    expect(JSON.stringify(sent)).not.toContain("canary");
    await sender.close();
  });

  test("that says nothing is given up after its time", async () => {
    await using server = await receiver(() => undefined);
    const sender = webhookSender({ timeoutMs: 200 });
    expect((await sender.post({ ...POST, url: `http://localhost:${server.port}/` })).kind).toBe("failed");
    await sender.close();
  });

  test("is connected to at no address that is not allowed, whatever its name resolves to at that moment", async () => {
    let asked = 0;
    await using server = await receiver((response) => {
      asked += 1;
      response.end();
    });
    const answers = ["93.184.216.34", "127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "10.0.0.8"];
    for (const address of answers.slice(1)) {
      const sender = webhookSender({
        timeoutMs: 500,
        lookup: (_host, _options, done) => done(null, [{ address, family: address.includes(":") ? 6 : 4 }]),
      });
      const sent = await sender.post({ ...POST, url: `https://rebound.example:${server.port}/` });
      expect(sent).toEqual({ kind: "failed", reason: "its name resolves to an address that is not allowed" });
      await sender.close();
    }
    const plain = webhookSender({
      timeoutMs: 500,
      lookup: (_host, _options, done) => done(null, [{ address: "93.184.216.34", family: 4 }]),
    });
    for (const url of ["http://localhost:1/", "https://127.0.0.1:1/", "https://[::1]:1/", "https://2130706433/"])
      expect(await plain.post({ ...POST, url })).toMatchObject({ reason: expect.stringContaining("not allowed") });
    await plain.close();
    expect(asked).toBe(0);
  });
});

describe("an address that is to be told", () => {
  test.each([
    ["email", "ops@deployment.example", "ops@deployment.example"],
    ["webhook", "https://hooks.example/x?y=1", "https://hooks.example/x?y=1"],
    ["webhook", "http://localhost:8080", "http://localhost:8080/"],
  ] as const)("%s %s is taken", (channel, given, kept) => {
    expect(checkedAddress(channel, given)).toBe(kept);
  });

  test.each([
    ["email", "a@b.example, c@d.example"],
    ["email", "a@b.example\r\nBcc: x@y.example"],
    ["email", "Ops <ops@b.example>"],
    ["webhook", "http://hooks.example/"],
    ["webhook", "https://user:secret@hooks.example/"],
    ["webhook", "https://hooks.example/#x"],
    ["webhook", "file:///etc/passwd"],
    ["webhook", "not a url"],
  ] as const)("%s %j is refused", (channel, given) => {
    expect(() => checkedAddress(channel, given)).toThrow(/Name one mail address/);
  });
});
