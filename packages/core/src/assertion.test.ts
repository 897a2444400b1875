import { describe, expect, test } from "vitest";
import { type Claims, judgeClientAssertion, judgeWorkload } from "./assertion.ts";

const NOW_MS = 1_800_000_000_000;
const now = NOW_MS / 1000;
const clock = { nowMs: NOW_MS, skewMs: 10_000 };
const expected = { clientId: "cl_1", audience: "https://tokens.example/connections/acme", lifeMs: 60_000 };
const own: Claims = {
  ...{ iss: "cl_1", sub: "cl_1", aud: expected.audience, jti: "one" },
  ...{ iat: now, exp: now + 60 },
};

describe("a caller's own assertion", () => {
  const judge = (more: Claims) => judgeClientAssertion({ ...own, ...more }, expected, clock);

  test.each<[string, Claims]>([
    ["as it should be", {}],
    ["without iat, for as long as it may live from now", { iat: undefined, exp: now + 60 }],
    ["from a clock that runs ahead within the allowance", { iat: now + 9, exp: now + 69 }],
    ["just expired, within the allowance", { iat: now - 60, exp: now - 5 }],
    ["with nbf", { nbf: now }],
  ])("is taken %s", (_, more) => {
    expect(judge(more)).toMatchObject({ kind: "good", id: "one" });
  });

  test.each<[string, Claims]>([
    ["of another issuer", { iss: "cl_2" }],
    ["of another subject", { sub: "cl_2" }],
    ["for somebody else", { aud: "https://other.example" }],
    ["for us as a list", { aud: [expected.audience] }],
    ["for us and for others", { aud: [expected.audience, "https://other.example"] }],
    ["for our token endpoint", { aud: `${expected.audience}/oauth2/token` }],
    ["for our name with a slash after it", { aud: `${expected.audience}/` }],
    ["for nobody", { aud: undefined }],
    ["without a jti", { jti: undefined }],
    ["with an empty jti", { jti: "" }],
    ["with a jti that is too long", { jti: "j".repeat(257) }],
    ["with a number as jti", { jti: 1 }],
    ["without an end", { exp: undefined }],
    ["with a text as its end", { exp: String(now + 60) }],
    ["with an end that is no number", { exp: Number.NaN }],
    ["that has expired", { iat: now - 70, exp: now - 11 }],
    ["that lives too long", { exp: now + 61 }],
    ["that lives too long, its beginning left out", { iat: undefined, exp: now + 71 }],
    ["that begins later", { iat: now + 11, exp: now + 60 }],
    ["that is valid later", { nbf: now + 11 }],
    ["that begins at a text", { iat: "now" }],
  ])("is refused %s", (_, more) => {
    expect(judge(more)).toMatchObject({ kind: "bad", reason: expect.any(String) });
  });
});

describe("a workload's identity", () => {
  const rule = {
    issuer: "https://token.actions.githubusercontent.com",
    audience: "https://tokens.example",
    claims: { repository_id: "42", repository_owner_id: "7" },
  };
  const identity: Claims = {
    ...{ iss: rule.issuer, aud: rule.audience, sub: "repo:acme/books:ref:refs/heads/main" },
    ...{ repository_id: "42", repository_owner_id: "7", exp: now + 3_600, iat: now },
  };
  const judge = (more: Claims) => judgeWorkload({ ...identity, ...more }, rule, clock).kind;

  test("is taken for as long as it lives, its audience alone or alone in a list", () => {
    expect([judge({}), judge({ aud: [rule.audience] })]).toEqual(["good", "good"]);
  });

  test.each<[string, Claims]>([
    ["issuer", { iss: `${rule.issuer}/` }],
    ["audience", { aud: "https://tokens.example/" }],
    ["audience beside ours", { aud: [rule.audience, "https://other.example"] }],
    ["audience in a list in a list", { aud: [[rule.audience]] }],
    ["repository", { repository_id: "421" }],
    ["repository, as a number", { repository_id: 42 }],
    ["owner", { repository_owner_id: "8" }],
    ["owner, left out", { repository_owner_id: undefined }],
    ["time: expired", { exp: now - 11 }],
    ["time: without an end", { exp: undefined }],
  ])("is refused with another %s", (_, more) => {
    expect(judge(more)).toBe("bad");
  });
});
