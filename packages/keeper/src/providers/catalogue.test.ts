import { DEFAULT_LIMITS, forbidsPath, isPathPattern, readApiPath, timing } from "@evergrant/core";
import { describe, expect, it } from "vitest";
import type { FactSource } from "../ports/provider.ts";
import { PROVIDERS } from "./catalogue.ts";

// What a provider is called and which kind it is are ours to say; everything else is a fact with a source.
const OURS = ["id", "displayName", "kind", "sources", "policy", "api"];

const wordsOf = (source: FactSource = "") => (typeof source === "string" ? source : source.unconfirmed);

describe.each([...PROVIDERS.values()])("provider $id", (provider) => {
  it("is found by its own id", () => {
    expect(PROVIDERS.get(provider.id)).toBe(provider);
    expect(provider.id).toMatch(/^[a-z][a-z0-9-]*$/);
  });

  it("names a source for each of its facts, and for nothing else", () => {
    const facts = [
      ...Object.keys(provider).filter((fact) => !OURS.includes(fact)),
      ...Object.keys(provider.policy).map((fact) => `policy.${fact}`),
      ...Object.keys(provider.api).map((fact) => `api.${fact}`),
    ];
    expect(Object.keys(provider.sources).sort()).toEqual(facts.sort());
    for (const [fact, source] of Object.entries(provider.sources))
      expect(wordsOf(source).length, fact).toBeGreaterThan(7);
  });

  it("says of every unknown that it is unknown", () => {
    for (const [fact, value] of Object.entries(provider.policy))
      if (JSON.stringify(value).includes('"unknown"'))
        expect(wordsOf(provider.sources[`policy.${fact}`]), fact).toMatch(/unknown/i);
  });

  it("has a policy that our limits can keep", () => {
    expect(timing(provider.policy, DEFAULT_LIMITS)).toMatchObject({ kind: "possible" });
  });

  it("takes each fact from a standard, a page of the provider or its own code, or says that it is unknown", () => {
    const isSource = /\bunknown\b|RFC \d|OpenID|[a-z]\.(?:com|io|dev|one)\b|\b[A-Z]\w+\/[A-Z][\w-]+|recorded answers/i;
    for (const [fact, source] of Object.entries(provider.sources)) expect(wordsOf(source), fact).toMatch(isSource);
  });

  it("promises nothing that is unconfirmed, and paces nobody by it", () => {
    const marked = Object.keys(provider.sources).filter((fact) => typeof provider.sources[fact] === "object");
    expect(marked.filter((fact) => fact.startsWith("policy.") || fact === "api.limits")).toEqual([]);
    for (const fact of marked) expect(wordsOf(provider.sources[fact]), fact).toMatch(/\bnowhere\b|\bwhere\b/);
  });

  it("keeps to https", () => {
    const { endpoints } = provider;
    const addresses =
      endpoints.kind === "fixed"
        ? [endpoints.issuer, endpoints.authorization, endpoints.token, endpoints.revocation ?? endpoints.token]
        : [];
    for (const address of [...addresses, ...provider.apiOrigins]) expect(new URL(address).protocol).toBe("https:");
    for (const origin of provider.apiOrigins) expect(new URL(origin).origin).toBe(origin);
  });

  it("asks for a refresh token in the way it is given, and for no scope twice", () => {
    const { offline, defaultScopes, authorizeParameters } = provider;
    expect(new Set(defaultScopes).size).toBe(defaultScopes.length);
    if (offline.kind === "scope") expect(defaultScopes).toContain(offline.scope);
    if (offline.kind === "parameter") expect(authorizeParameters[offline.name]).toBe(offline.value);
    // RFC 6749 §3.3; a separator within a scope would make two of it.
    for (const scope of defaultScopes) expect(scope).toMatch(/^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/);
  });

  it("says where calls go and how they name an organisation, each in a way that can be followed", () => {
    const { homes, tenants, tenantLocator, apiOrigins, api } = provider;
    // A home is kept with the organisations that lie there.
    if (homes.api !== null || homes.tokenEndpoint !== null) expect(tenants.kind).not.toBe("none");
    if (homes.tokenEndpoint !== null) expect(homes.tokenEndpoint.from).toBe("callback");
    if (tenantLocator.kind === "host") expect(homes.api).not.toBeNull();
    if (tenantLocator.kind !== "none") expect(tenants.kind).not.toBe("none");
    if (tenantLocator.kind === "path") expect(tenantLocator.after).toMatch(/^(\/[A-Za-z0-9.*_-]+)+$/);
    expect(apiOrigins.length > 0 || homes.api !== null || provider.endpoints.kind === "discovered").toBe(true);
    for (const { path } of api.forbidden) expect(isPathPattern(path), path).toBe(true);
    for (const path of api.untenanted) expect(isPathPattern(path), path).toBe(true);
  });

  it("never lets a call through to its authorization server where that lies beside its API", () => {
    const { endpoints, api, homes, apiOrigins } = provider;
    if (endpoints.kind === "discovered") return;
    const isBeside = (address: string) =>
      apiOrigins.includes(new URL(address).origin) ||
      (homes.api !== null && homes.tokenEndpoint?.origin === homes.api.origin && homes.api.origin !== "{}");
    for (const address of [endpoints.authorization, endpoints.token, endpoints.revocation]) {
      const path = address !== null && isBeside(address) ? readApiPath(new URL(address).pathname) : null;
      if (path !== null && path.text !== "/connect")
        expect(
          api.forbidden.some((call) => forbidsPath(call.path, path)),
          path.text,
        ).toBe(true);
    }
  });

  it("says in words what its rules do not let us promise", () => {
    const verdict = timing(provider.policy, DEFAULT_LIMITS);
    const words = verdict.kind === "possible" ? verdict.timing.cannotPromise.join(" ") : "";
    expect(words.includes("one lost answer is one lost grant")).toBe(provider.policy.rotation.kind === "strict");
    expect(words.includes("cannot be announced")).toBe(provider.policy.idleLifeMs === "unknown");
    expect(words.includes("Consent ends after a fixed time")).toBe(typeof provider.policy.absoluteLifeMs === "number");
  });

  it("has a person asked where OpenID Connect gives a refresh token for nothing else", () => {
    const byTheStandard = provider.endpoints.kind === "discovered" && provider.defaultScopes.includes("openid");
    if (byTheStandard) expect(provider.authorizeParameters).toMatchObject({ prompt: "consent" });
    // What the protocol itself says is not a provider's to change.
    const ours = ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "nonce"];
    expect(Object.keys(provider.authorizeParameters).filter((name) => ours.includes(name))).toEqual([]);
  });
});

describe("Xero", () => {
  const facts = (id: string) => {
    const provider = PROVIDERS.get(id);
    const verdict = provider === undefined ? null : timing(provider.policy, DEFAULT_LIMITS);
    return verdict?.kind === "possible" ? verdict.timing : null;
  };

  it("is refreshed while the token before could still be repeated, and warned about long before it lapses", () => {
    const day = 24 * 60 * 60_000;
    expect(facts("xero")).toMatchObject({
      hotIntervalMs: 20 * 60_000,
      keepaliveMs: 7 * day,
      warnAfterMs: 30 * day,
      criticalAfterMs: 45 * day,
      lapseAfterMs: 60 * day,
      repeat: { kind: "for", ms: 30 * 60_000 },
    });
    expect(facts("xero")?.confirm).not.toBeNull();
  });

  it("is told apart from a provider whose lost answers cost grants", () => {
    expect(facts("xero")?.cannotPromise).toEqual([]);
    expect(facts("generic")?.cannotPromise.join(" ")).toContain("one lost answer is one lost grant");
  });
});
