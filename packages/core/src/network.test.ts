import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contains, isWithin, parseAddress, parseNetwork } from "./network.ts";

const networks = (...texts: readonly string[]) =>
  texts.map((text) => {
    const network = parseNetwork(text);
    if (network === null) throw new Error(`no network: ${text}`);
    return network;
  });

describe("a network", () => {
  test.each([
    ["10.0.0.0/8", "10.255.255.255", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["10.0.0.0/8", "::ffff:10.1.2.3", true],
    ["10.0.0.0/8", "::ffff:0a01:0203", true],
    ["::ffff:10.0.0.0/104", "10.1.2.3", true],
    ["192.0.2.7", "192.0.2.7", true],
    ["192.0.2.7", "192.0.2.8", false],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["::/0", "203.0.113.9", false],
    ["2001:db8::/32", "2001:db8:ffff::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["fe80::/10", "fe80::1%eth0", true],
    ["::1", "::1", true],
    ["::1", "127.0.0.1", false],
  ])("%s holds %s: %s", (network, address, expected) => {
    expect(isWithin(networks(network), address)).toBe(expected);
  });

  test.each([
    ["", "an empty text"],
    ["10.0.0.5/8", "bits beyond the prefix"],
    ["10.0.0.0/33", "a prefix that is too long"],
    ["10.0.0.0/08", "a prefix with a leading zero"],
    ["10.0.0.0/8/8", "two prefixes"],
    ["10.0.0/8", "three numbers"],
    ["010.0.0.0/8", "a number with a leading zero"],
    ["256.0.0.0", "a number above 255"],
    ["*", "a wildcard"],
    ["10.*.0.0", "a wildcard in it"],
    ["fe80::1%eth0", "a zone"],
    ["1::2::3", "two gaps"],
    ["1:2:3:4:5:6:7:8:9", "too many groups"],
    ["1:2:3:4:5:6:7::8:9", "a gap of nothing"],
    ["example.com", "a name"],
  ])("is not what reads %j: %s", (text) => {
    expect(parseNetwork(text)).toBeNull();
  });

  test("what cannot be read as an address lies in none", () => {
    for (const text of ["", "localhost", "10.0.0", "::g", "10.0.0.0/8"])
      expect(isWithin(networks("0.0.0.0/0", "::/0"), text)).toBe(false);
  });
});

test("an address is read as it is written, short or long", () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const url = new URL(`http://[${text.split("%")[0]}]/`).hostname.slice(1, -1);
      expect(parseAddress(text)).toEqual(parseAddress(url));
      expect(parseAddress(text)?.family).toBe(6);
    }),
  );
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), (text, prefix) => {
      const address = parseAddress(text);
      if (address === null) throw new Error(text);
      const start = (address.value >> BigInt(32 - prefix)) << BigInt(32 - prefix);
      expect(contains({ address: { family: 4, value: start }, prefix }, address)).toBe(true);
      expect(isWithin([{ address: { family: 4, value: start }, prefix }], `::ffff:${text}`)).toBe(true);
    }),
  );
});
