import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { allowsPath, forbidsPath, isPathPattern, readApiPath } from "./api-path.ts";

const path = (raw: string) => readApiPath(raw) ?? expect.unreachable(`refused: ${raw}`);

describe("a path that two servers could read differently", () => {
  test.each([
    "",
    "a",
    "//a",
    "/a//b",
    "/a/./b",
    "/a/../b",
    "/a/..",
    "/a/%2e%2E/b",
    "/a/.%2e/b",
    "/a%2fb",
    "/a%2Fb",
    "/a%5cb",
    "/a\\b",
    "/a/..;/b",
    "/a/..;x=1/b",
    "/a/;/b",
    "/a/%00",
    "/a/%0d%0ab",
    "/a/%252e%252e/b",
    "/a%252fb",
    "/a/%c0%ae%c0%ae/b",
    "/a/%EF%BC%8E%EF%BC%8E/b",
    "/a%EF%BC%8Fb",
    "/a%",
    "/a%2",
    "/a?b",
    "/a#b",
    "/a b",
    "/ä",
    `/${"a".repeat(2_001)}`,
  ])("is refused: %s", (raw) => expect(readApiPath(raw)).toBeNull());
});

describe("a plain path", () => {
  test.each([
    ["/", "/"],
    ["/api.xro/2.0/Invoices", "/api.xro/2.0/Invoices"],
    ["/api.xro/2.0/Invoices/", "/api.xro/2.0/Invoices/"],
    ["/a/b;v=1/c@d:e", "/a/b;v=1/c@d:e"],
    ["/a/caf%C3%A9%20x", "/a/caf%C3%A9%20x"],
    ["/a/...", "/a/..."],
    ["/a/caf%c3%a9", "/a/caf%C3%A9"],
    ["/%61%2Db", "/a-b"],
  ])("is read: %s as %s", (raw, text) => expect(path(raw).text).toBe(text));

  it("is read the same when it is read again, and resolves to itself as a URL", () => {
    const piece = fc.constantFrom(
      "a",
      "B",
      ".",
      "..",
      "%2e",
      "%2F",
      "%61",
      ";",
      "%C3%A9",
      "%",
      "\\",
      "/",
      "",
      "~",
      "%25",
    );
    fc.assert(
      fc.property(fc.array(fc.array(piece, { maxLength: 3 }).map((parts) => parts.join(""))), (segments) => {
        const read = readApiPath(`/${segments.join("/")}`);
        if (read === null) return;
        expect(readApiPath(read.text)).toEqual(read);
        expect(new URL(read.text, "https://api.example").pathname).toBe(read.text);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a pattern", () => {
  test.each(["/a", "/a/*", "/a/**", "/**", "/*/b", "/a/", "/"])("may be %s", (text) =>
    expect(isPathPattern(text)).toBe(true),
  );
  test.each(["", "a", "/a/**/b", "/a*", "/a/b**", "/a//b", "/../a", "/a?b", "/%61", `/${"a".repeat(300)}`])(
    "may not be %s",
    (text) => expect(isPathPattern(text)).toBe(false),
  );

  test.each([
    ["/a/b", "/a/b", true],
    ["/a/b", "/a/b/", false],
    ["/a/b", "/a/B", false],
    ["/a/*", "/a/b", true],
    ["/a/*", "/a", false],
    ["/a/*", "/a/", false],
    ["/a/*", "/a/b/c", false],
    ["/a/**", "/a", true],
    ["/a/**", "/a/b/c", true],
    ["/a/**", "/ab", false],
    ["/*/b", "/a/b", true],
    ["/**", "/", true],
    ["/**", "/a/b", true],
    ["/a/b", "/a/%62", true],
  ])("%s allows %s: %s", (pattern, raw, allowed) => expect(allowsPath(pattern, path(raw))).toBe(allowed));

  test.each([
    ["/connections/1", true],
    ["/Connections/1", true],
    ["/connections", true],
    ["/connections/", true],
    ["/connections;x=1/1", true],
    ["/%63onnections/1", true],
    ["/%EF%BD%83onnections/1", true],
    ["/connections2/1", false],
    ["/a/connections/1", false],
  ])("/connections/** forbids %s: %s", (raw, forbidden) =>
    expect(forbidsPath("/connections/**", path(raw))).toBe(forbidden),
  );
});
