import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classify, type Ending, type ErrorDialect, STANDARD_ERRORS } from "./outcome.ts";
import { Secret } from "./secret.ts";

const DIALECT: ErrorDialect = { ...STANDARD_ERRORS, inactiveErrors: ["unauthorized_client"] };

function answered(status: number, body: unknown, retryAfterMs: number | null = null): Ending {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { kind: "answered", status, body: new Secret(text), retryAfterMs, serverDateMs: null };
}

describe("the end of a token request is sorted", () => {
  test.each<[string, Ending, string]>([
    ["a token answer", answered(200, { access_token: "a", refresh_token: "r", expires_in: 1800 }), "success"],
    ["a refusal of the grant", answered(400, { error: "invalid_grant" }), "rejected"],
    ["a refusal with status 401", answered(401, { error: "invalid_grant" }), "rejected"],
    ["a wrong client secret", answered(401, { error: "invalid_client" }), "app-error"],
    ["any other OAuth error", answered(400, { error: "invalid_scope" }), "app-error"],
    ["a Custom Connection that nobody authorised", answered(400, { error: "unauthorized_client" }), "inactive"],
    ["too many requests", answered(429, "slow down", 22_000), "not-executed"],
    ["a 400 with an HTML body", answered(400, "<html>"), "ambiguous"],
    ["a gateway's 502", answered(502, "<html>Bad Gateway</html>"), "ambiguous"],
    ["a 500 with an OAuth error", answered(500, { error: "invalid_grant" }), "ambiguous"],
    ["a request time-out said by the server", answered(408, { error: "invalid_grant" }), "ambiguous"],
    ["a redirect", answered(302, ""), "ambiguous"],
    ["a 200 that is no JSON", answered(200, "access_token=a"), "ambiguous"],
    ["a 200 without a token", answered(200, { token_type: "Bearer" }), "ambiguous"],
    ["a refused connection", { kind: "broken", bytesSent: false, reason: "ECONNREFUSED" }, "not-executed"],
    ["a reset after the request", { kind: "broken", bytesSent: true, reason: "ECONNRESET" }, "ambiguous"],
  ])("%s", (_name, ending, kind) => {
    expect(classify(ending, DIALECT).kind).toBe(kind);
  });

  test("a provider that reports failure inside a 200 is understood where its data say so", () => {
    const ending = answered(200, { ok: false, error: "invalid_grant" });
    expect(classify(ending, { ...DIALECT, okMember: "ok" }).kind).toBe("rejected");
  });

  test("a provider with codes of its own is understood where its data say what they mean", () => {
    const dialect = { ...DIALECT, errorMember: "status", rejectedErrors: ["BAD_REFRESH_TOKEN"] };
    expect(classify(answered(400, { status: "BAD_REFRESH_TOKEN" }), dialect).kind).toBe("rejected");
    expect(classify(answered(400, { error: "invalid_grant" }), dialect).kind).toBe("rejected");
    expect(classify(answered(400, { status: "BAD_CLIENT_ID" }), dialect).kind).toBe("app-error");
    expect(classify(answered(400, { status: "BAD_REFRESH_TOKEN" }), DIALECT).kind).toBe("ambiguous");
  });

  test("an error with status 200 is one only where the provider's data say so, and never beside a token", () => {
    const dialect = { ...DIALECT, errorsInSuccess: true, rejectedErrors: ["invalid_code"] };
    expect(classify(answered(200, { error: "invalid_code" }), dialect).kind).toBe("rejected");
    expect(classify(answered(200, { error: "invalid_client" }), dialect).kind).toBe("app-error");
    expect(classify(answered(200, { error: "invalid_code" }), DIALECT).kind).toBe("ambiguous");
    expect(classify(answered(200, { error: "invalid_code", access_token: "a" }), dialect).kind).toBe("success");
  });
});

describe("a token answer is read tolerantly", () => {
  const read = (body: unknown) => {
    const outcome = classify(answered(200, body), DIALECT);
    return outcome.kind === "success" ? outcome.answer : null;
  };

  test("an expiry that cannot be read costs nothing but the expiry", () => {
    expect(read({ access_token: "a", expires_in: "soon" })?.expiresInMs).toBeNull();
    expect(read({ access_token: "a", expires_in: "1800" })?.expiresInMs).toBe(1_800_000);
  });

  test("what else it says is kept, but nothing that is or may be a secret", () => {
    const answer = read({
      ...{
        access_token: "a",
        refresh_token: "r",
        id_token: "i",
        signature: "s",
        client_secret: "c",
        session_token: "t",
      },
      ...{
        instance_url: "https://one.example",
        hub_id: 7,
        scope: "x",
        nested: { a: 1 },
        long: "x".repeat(600),
        two: "a\nb",
      },
    });
    expect(answer?.members).toEqual({ instance_url: "https://one.example", hub_id: "7", scope: "x" });
  });

  test("a refresh token that equals the access token is not taken", () => {
    expect(read({ access_token: "a", refresh_token: "a" })?.refreshToken).toBeNull();
  });
});

test("whatever a server answers is sorted without throwing, and only invalid_grant with 4xx opens a court", () => {
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom('{"error":"invalid_grant"}', '{"error":"invalid_client"}'),
  );
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), body, (status, text) => {
      const { kind } = classify(answered(status, text), DIALECT);
      if (kind === "rejected")
        expect([status >= 400 && status < 500, text.includes("invalid_grant")]).toEqual([true, true]);
      if (status >= 500) expect(kind).toBe("ambiguous");
    }),
  );
});
