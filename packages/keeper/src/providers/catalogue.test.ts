import { DEFAULT_LIMITS, timing } from "@evergrant/core";
import { describe, expect, it } from "vitest";
import { PROVIDERS } from "./catalogue.ts";

// What a provider is called and which kind it is are ours to say; everything else is a fact with a source.
const OURS = ["id", "displayName", "kind", "sources", "policy", "api"];

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
    for (const [fact, source] of Object.entries(provider.sources)) expect(source.length, fact).toBeGreaterThan(7);
  });

  it("says of every unknown that it is unknown", () => {
    for (const [fact, value] of Object.entries(provider.policy))
      if (JSON.stringify(value).includes('"unknown"'))
        expect(provider.sources[`policy.${fact}`], fact).toMatch(/unknown/i);
  });

  it("has a policy that our limits can keep", () => {
    expect(timing(provider.policy, DEFAULT_LIMITS)).toMatchObject({ kind: "possible" });
  });

  it("keeps to https, and asks for a refresh token where it needs one", () => {
    const addresses =
      provider.endpoints.kind === "fixed"
        ? [provider.endpoints.issuer, provider.endpoints.authorization, provider.endpoints.token]
        : [];
    for (const address of [...addresses, ...provider.apiOrigins]) expect(new URL(address).protocol).toBe("https:");
    for (const origin of provider.apiOrigins) expect(new URL(origin).origin).toBe(origin);
    expect(new Set(provider.defaultScopes).size).toBe(provider.defaultScopes.length);
    // Without it there is no refresh token, and without a refresh token nothing to keep.
    expect(provider.defaultScopes.includes("offline_access")).toBe(provider.kind === "authorization_code");
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
