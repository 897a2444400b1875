import { createServer } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { isAllowedAddress } from "@evergrant/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiClientOptions, ApiFailure, apiClient } from "./api-client.ts";

describe("an address that a token may go to", () => {
  it.each(["1.1.1.1", "203.0.112.1", "100.63.255.255", "172.15.0.1", "2606:4700::1111", "2a00:1450::1"])(
    "is public: %s",
    (address) => expect(isAllowedAddress(address, "public")).toBe(true),
  );

  it.each([
    ...[
      "0.0.0.0",
      "10.1.2.3",
      "100.64.0.1",
      "127.0.0.1",
      "127.255.0.1",
      "169.254.169.254",
      "172.16.0.1",
      "172.31.255.255",
    ],
    ...["192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1"],
    ...[
      "255.255.255.255",
      "::",
      "::1",
      "::ffff:127.0.0.1",
      "::ffff:1.1.1.1",
      "::ffff:7f00:1",
      "::127.0.0.1",
      "fe80::1",
    ],
    ...["fc00::1", "fd12::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1"],
    ...["100::1", "3fff::1", "5f00::1", "", "localhost", "1.1.1", "0x7f.1", "2130706433"],
  ])("is not public: %s", (address) => expect(isAllowedAddress(address, "public")).toBe(false));

  it.each([
    ["127.0.0.1", true],
    ["127.9.9.9", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["1.1.1.1", false],
    ["10.0.0.1", false],
    ["::", false],
    ["0.0.0.0", false],
  ])("is loopback: %s %s", (address, allowed) => expect(isAllowedAddress(address, "loopback")).toBe(allowed));
});

describe("a name", () => {
  let port = 0;
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    if (request.url === "/silent") return;
    if (request.url === "/stalled") return void response.writeHead(200).write("part");
    response.end("there");
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /** A resolver that gives these answers one after the other. */
  const resolving = (...answers: readonly (readonly string[])[]): LookupFunction => {
    let turn = 0;
    return (_hostname, options, done) => {
      const addresses = answers[Math.min(turn, answers.length - 1)] ?? [];
      turn += 1;
      expect(options.all).toBe(true);
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      );
    };
  };
  const ask = async (addresses: "public" | "loopback", options: Partial<ApiClientOptions>, target = "/") => {
    const client = apiClient({ connectMs: 2_000, silenceMs: 300, ...options });
    try {
      const answer = await client.send({
        ...{ origin: `http://api.example:${port}`, target, addresses, method: "GET", headers: {}, body: null },
        signal: new AbortController().signal,
      });
      return await answer.body.text();
    } catch (error) {
      return error instanceof ApiFailure ? `${error.kind}${error.sent ? ", sent" : ""}` : String((error as Error).name);
    } finally {
      await client.close();
    }
  };

  it("that resolves to this machine is asked only where that is meant", async () => {
    expect(await ask("loopback", { lookup: resolving(["127.0.0.1"]) })).toBe("there");
    expect(await ask("public", { lookup: resolving(["127.0.0.1"]) })).toBe("address-refused");
    expect(await ask("loopback", { lookup: resolving(["10.0.0.1"]) })).toBe("address-refused");
  });

  it("of which one address of several is not allowed is not asked at any, nor one that has none", async () => {
    const before = asked;
    expect(await ask("loopback", { lookup: resolving(["127.0.0.1", "192.0.2.1"]) })).toBe("address-refused");
    expect(await ask("public", { lookup: resolving(["1.1.1.1", "::ffff:127.0.0.1"]) })).toBe("address-refused");
    expect(await ask("public", { lookup: resolving([]) })).toBe("address-refused");
    expect(asked).toBe(before);
  });

  it("that resolves to something else later is connected to what was looked at, never looked up a second time in between", async () => {
    const before = asked;
    // Good when it is looked at, bad afterwards: were the name resolved again for the connection, it would be refused.
    expect(await ask("loopback", { lookup: resolving(["127.0.0.1"], ["10.0.0.1"]) })).toBe("there");
    expect(await ask("public", { lookup: resolving(["10.0.0.1"], ["127.0.0.1"]) })).toBe("address-refused");
    expect(asked).toBe(before + 1);
  });

  it("whose server says nothing is given up, before its answer and within it", async () => {
    expect(await ask("loopback", { lookup: resolving(["127.0.0.1"]) }, "/silent")).toBe("timeout, sent");
    expect(await ask("loopback", { lookup: resolving(["127.0.0.1"]) }, "/stalled")).toBe("BodyTimeoutError");
  });
});
