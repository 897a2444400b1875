import { EvergrantError } from "@evergrant/core";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { Provider, ResolvedEndpoints } from "../ports/provider.ts";
import { PROVIDERS } from "../providers/catalogue.ts";
import type { App } from "./app-directory.ts";
import { atHome, homesOf, keptParameters, matched, pinOrigins, pinTokenEndpoint } from "./homes.ts";

const named = (id: string): Provider => PROVIDERS.get(id) ?? expect.unreachable();
const appOf = (provider: Provider, origins: App["stored"]["origins"] = null) =>
  ({ provider, stored: { origins } }) as unknown as App;
const ORIGINS = { identity: "https://id.example", login: "https://id.example", api: "https://api.example" };

/** What each provider with homes says of them, and where that puts a grant. */
const SAID = {
  "zoho-books": {
    callback: { "accounts-server": "https://accounts.zoho.eu" },
    answer: { api_domain: "https://www.zohoapis.eu" },
    pinned: { tokenEndpoint: "https://accounts.zoho.eu", api: "https://www.zohoapis.eu" },
  },
  salesforce: {
    callback: {},
    answer: { instance_url: "https://acme--test.sandbox.my.salesforce.com" },
    pinned: { tokenEndpoint: null, api: "https://acme--test.sandbox.my.salesforce.com" },
  },
  "lightspeed-retail-x": {
    callback: { domain_prefix: "acme" },
    answer: { domain_prefix: "acme" },
    pinned: { tokenEndpoint: "https://acme.retail.lightspeed.app", api: "https://acme.retail.lightspeed.app" },
  },
} as const;

test("every provider with homes of its own is told about here", () => {
  const moving = [...PROVIDERS.values()].filter(({ homes }) => homes.api !== null || homes.tokenEndpoint !== null);
  expect(moving.map(({ id }) => id).sort()).toEqual(Object.keys(SAID).sort());
});

describe.each(Object.entries(SAID))("a grant of %s", (id, { pinned, ...said }) => {
  const { homes } = named(id);

  it("is pinned to what callback and token answer say", () => {
    expect(pinOrigins(homes, said)).toEqual(pinned);
    expect(pinTokenEndpoint(homes, said.callback)).toEqual({ ...pinned, api: null });
  });

  it("is pinned to nothing where one of them says nothing", () => {
    if (homes.api?.from === "token-answer") expect(pinOrigins(homes, { ...said, answer: {} })).toBeNull();
    if (homes.tokenEndpoint !== null) expect(pinTokenEndpoint(homes, {})).toBeNull();
  });

  it("goes nowhere else, whatever is said", () => {
    const good = [...Object.values(said.callback), ...Object.values(said.answer)] as string[];
    const dirt = fc.oneof(
      fc.constantFrom(
        ".evil.example",
        "/",
        "/path",
        "?q",
        "#f",
        ":443",
        ":8443",
        "@evil.example",
        "\n",
        "\\",
        "%2e",
        ".",
      ),
      fc.constantFrom("https://user@", "https://evil.example/", "http://", "HTTPS://", "//", " ", "-", "\u0000", "é"),
      fc.string(),
      fc.webUrl(),
      fc.domain().map((domain) => `https://${domain}`),
    );
    const text = fc.oneof(
      dirt,
      fc.tuple(fc.constantFrom(...good), dirt, fc.nat()).map(([value, noise, at]) => {
        const place = at % (value.length + 1);
        return value.slice(0, place) + noise + value.slice(place);
      }),
    );
    const domains = Object.values(pinned).flatMap((origin) =>
      origin === null ? [] : [new URL(origin).hostname.split(".").slice(-2)[0] ?? ""],
    );
    fc.assert(
      fc.property(text, (value) => {
        const everywhere = (names: object) => Object.fromEntries(Object.keys(names).map((name) => [name, value]));
        const where = pinOrigins(homes, { callback: everywhere(said.callback), answer: everywhere(said.answer) });
        for (const origin of [where?.api, where?.tokenEndpoint])
          if (origin != null) {
            const url = new URL(origin);
            expect([url.protocol, url.port, url.username, url.pathname]).toEqual(["https:", "", "", "/"]);
            expect(domains).toContain(
              url.hostname
                .replace(/\.com\.(au|cn)$/, ".com")
                .split(".")
                .slice(-2)[0],
            );
          }
      }),
      { numRuns: 2_000 },
    );
  });

  it("lies where an operator put the app, if one did", () => {
    expect(homesOf(appOf(named(id), ORIGINS))).toEqual({ tokenEndpoint: null, api: null });
    expect(pinOrigins(homesOf(appOf(named(id), ORIGINS)), { callback: {}, answer: {} })).toEqual({
      tokenEndpoint: null,
      api: null,
    });
  });
});

describe("what a callback says of tenants and homes", () => {
  const realm = appOf(named("quickbooks-online"));
  const kept = (app: App, query: string) => {
    try {
      return keptParameters(app, new URLSearchParams(query));
    } catch (error) {
      return error instanceof EvergrantError ? error.code : error;
    }
  };

  it("is kept where the provider's data ask for it", () => {
    expect(kept(realm, "code=c&realmId=123&extra=x")).toEqual({ realmId: "123" });
    expect(kept(appOf(named("xero")), "code=c&realmId=123")).toEqual({});
    expect(kept(appOf(named("zoho-books")), "accounts-server=https://accounts.zoho.in&location=in")).toEqual({
      "accounts-server": "https://accounts.zoho.in",
    });
  });

  it.each([
    "",
    "realmId=",
    "realmId=1&realmId=2",
    "realmId=1%0a",
    "realmId=1/2",
    "realmId=x",
    `realmId=${"1".repeat(21)}`,
  ])("is refused where it is missing, repeated or does not fit: %s", (query) =>
    expect(kept(realm, query)).toBe("consent_callback_invalid"),
  );
});

test("only origins move to a grant's home: paths stay, and what has no home stays where it is", () => {
  const endpoints: ResolvedEndpoints = {
    issuer: "https://id.example",
    authorization: "https://id.example/authorize",
    token: "https://id.example/token?a=b",
    revocation: "https://id.example/revoke",
    apiOrigins: ["https://api.example"],
  };
  expect(atHome(endpoints, null)).toEqual(endpoints);
  expect(atHome(endpoints, { tokenEndpoint: "https://eu.example", api: null })).toEqual({
    ...endpoints,
    token: "https://eu.example/token?a=b",
    revocation: "https://eu.example/revoke",
  });
  expect(atHome(endpoints, { tokenEndpoint: null, api: "https://one.example" }).apiOrigins).toEqual([
    "https://one.example",
  ]);
});

test("a pattern fits a value whole or not at all, and picks its first group where it has one", () => {
  expect(matched("a|b", "ab")).toBeNull();
  expect(matched("a|b", "b")).toBe("b");
  expect(matched("x(\\d+)", "x12")).toBe("12");
  expect(matched("\\d+", "1\n")).toBeNull();
});
