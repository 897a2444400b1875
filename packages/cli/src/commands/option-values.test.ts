import { describe, expect, test } from "vitest";
import { UsageError } from "../command-failure.ts";
import { parseMay, parseNarrowed, permissionText } from "../text/permission-text.ts";
import { parseOrigins, parseScopes } from "./apps.ts";
import { apiAddress, chooseTenant, nameTenant } from "./call.ts";
import { parsePort } from "./whole-number.ts";

describe("origins", () => {
  test("are three, in any order", () => {
    expect(parseOrigins("api=http://c, identity=http://a ,login=http://b")).toEqual({
      identity: "http://a",
      login: "http://b",
      api: "http://c",
    });
  });

  test.each(["", "identity=http://a", "identity=a,identity=b,api=c", "identity=a,login=b,api=", "x=1,login=b,api=c"])(
    "are refused: %j",
    (text) => expect(() => parseOrigins(text)).toThrow(UsageError),
  );
});

test("scopes may be separated by spaces, commas or both", () => {
  expect(parseScopes("openid, profile offline_access")).toEqual(["openid", "profile", "offline_access"]);
  expect(() => parseScopes(" , ")).toThrow(UsageError);
});

describe("rights", () => {
  test("name a connection each", () => {
    expect(parseMay("token:acme, consent:acme")).toEqual([
      { right: "token", connection: "acme" },
      { right: "consent", connection: "acme" },
    ]);
  });

  test.each(["", "token", "token:", "all:acme", "token:Acme", "token:acme:x", "token:acme,"])(
    "are refused: %j",
    (text) => expect(() => parseMay(text)).toThrow(UsageError),
  );
});

describe("a narrowed gateway permission", () => {
  test("names methods, paths and organisations, in any order, and is told the same way", () => {
    const parsed = parseNarrowed("acme tenant:t-1 GET,HEAD /a/** /b");
    const only = { tenants: ["t-1"], methods: ["GET", "HEAD"], paths: ["/a/**", "/b"] };
    expect(parsed).toEqual({ right: "gateway", connection: "acme", only });
    expect(permissionText({ right: "gateway", connection: "acme", only })).toBe(
      "gateway:acme (GET,HEAD /a/** /b tenant:t-1)",
    );
    expect(parseNarrowed("acme")).toEqual({ right: "gateway", connection: "acme" });
    expect(parseNarrowed("acme GET").only).toEqual({ tenants: null, methods: ["GET"], paths: null });
  });

  test.each(["", "Acme GET", "acme get", "acme tenant:", "acme invoices"])("is refused: %j", (text) =>
    expect(() => parseNarrowed(text)).toThrow(UsageError),
  );
});

describe("an API path", () => {
  test("stays at the API's origin, since the token goes along", () => {
    expect(apiAddress("https://api.example", "/a/b?c=d").href).toBe("https://api.example/a/b?c=d");
  });

  test.each(["a/b", "//evil.example/a", "/\\evil.example", "https://evil.example", ""])("is refused: %j", (path) =>
    expect(() => apiAddress("https://api.example", path)).toThrow(UsageError),
  );
});

describe("the organisation to call for", () => {
  const tenants = [
    { id: "t-1", name: "Demo" },
    { id: "t-2", name: "Maple" },
  ];

  test("is the only one, or the one named by id or name", () => {
    expect(chooseTenant({ tenants: tenants.slice(0, 1) }, undefined)).toBe("t-1");
    expect(chooseTenant({ tenants }, "Maple")).toBe("t-2");
    expect(chooseTenant({ tenants }, "t-1")).toBe("t-1");
  });

  test.each([undefined, "Other"])("must be told where it is not clear: %s", (wanted) => {
    expect(() => chooseTenant({ tenants }, wanted)).toThrow(/Demo \(t-1\), Maple \(t-2\)/);
  });
});

test("ports are whole numbers that exist", () => {
  expect([parsePort("0"), parsePort("65535")]).toEqual([0, 65535]);
  for (const text of ["-1", "65536", "1.5", "", "http"]) expect(() => parsePort(text)).toThrow(UsageError);
});

describe("the organisation of a call", () => {
  const named = (locator: Parameters<typeof nameTenant>[0], path = "/a") => {
    const { address, headers } = nameTenant(locator, new URL(path, "https://api.example"), () => "t-1");
    return [`${address.pathname}${address.search}`, headers];
  };

  test("stands where the provider's API looks for it", () => {
    expect(named({ kind: "header", name: "X-Company" })).toEqual(["/a", { "X-Company": "t-1" }]);
    expect(named({ kind: "query", name: "company" }, "/a?b=c")).toEqual(["/a?b=c&company=t-1", {}]);
    expect(named({ kind: "query", name: "company" }, "/a?company=t-2")).toEqual(["/a?company=t-2", {}]);
  });

  test("is not asked for where path or host name it, or nothing does", () => {
    const never = () => expect.unreachable();
    for (const kind of ["host", "none"] as const)
      expect(nameTenant({ kind }, new URL("https://api.example/a"), never).headers).toEqual({});
    expect(named({ kind: "path", after: "/company" }, "/company/t-2/a")).toEqual(["/company/t-2/a", {}]);
  });
});
