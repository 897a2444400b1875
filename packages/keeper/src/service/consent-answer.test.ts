import { EvergrantError, Secret } from "@evergrant/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isFromIssuer, pastedParameters, readConsentAnswer } from "./consent-answer.ts";

const read = (query: string) => readConsentAnswer(new URLSearchParams(query));

function refusal(work: () => unknown): string {
  try {
    work();
    return "none";
  } catch (error) {
    return error instanceof EvergrantError ? error.code : String(error);
  }
}

describe("a provider's answer", () => {
  test("is a code or an error, with the state it was asked with", () => {
    const code = read("code=c&state=s&session_state=x&scope=openid");
    expect([code.kind, code.kind === "code" && code.code.reveal(), code.state.reveal(), code.iss]).toEqual([
      ...["code", "c", "s", null],
    ]);
    expect(read("error=access_denied&state=s&iss=https%3A%2F%2Fa")).toMatchObject({
      ...{ kind: "error", error: "access_denied", iss: "https://a" },
    });
  });

  test("is none where anything that it must have is missing, empty or there twice, whatever stands beside it", () => {
    const names = ["state", "code", "error", "iss"] as const;
    const pair = fc.tuple(fc.constantFrom(...names, "other"), fc.constantFrom("", "a", "b"));
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 7 }), (pairs) => {
        const params = new URLSearchParams(pairs);
        const once = (name: string) => params.getAll(name).length === 1 && params.get(name) !== "";
        const absent = (name: string) => !params.has(name);
        const whole =
          once("state") &&
          ((once("code") && absent("error")) || (once("error") && absent("code"))) &&
          (once("iss") || absent("iss"));
        expect(refusal(() => readConsentAnswer(params))).toBe(whole ? "none" : "consent_callback_invalid");
      }),
    );
  });

  test("is an issuer's own only where it says so or nobody promised that it would", () => {
    const quiet = { issuer: "https://a.example" };
    const telling = { ...quiet, issuerInAnswer: true };
    const named = (iss: string | null) => [isFromIssuer({ iss }, quiet), isFromIssuer({ iss }, telling)];
    expect(named("https://a.example")).toEqual([true, true]);
    expect(named(null)).toEqual([true, false]);
    for (const other of ["https://a.example/", "https://A.example", "https://b.example"])
      expect(named(other)).toEqual([false, false]);
  });
});

describe("an address that somebody pasted", () => {
  const REDIRECT = "https://evergrant.example/oauth/callback/ap_1";
  const paste = (text: string) => pastedParameters(new Secret(text), REDIRECT);

  test("is read with the spaces and the fragment that copying brings along", () => {
    expect(paste(` ${REDIRECT}?code=c&state=s#_=_\n`).get("code")).toBe("c");
  });

  test.each([
    ["of another host", "https://evil.example/oauth/callback/ap_1?code=c"],
    ["of another app", "https://evergrant.example/oauth/callback/ap_2?code=c"],
    ["below the redirect URI", `${REDIRECT}/x?code=c`],
    ["without its scheme", "evergrant.example/oauth/callback/ap_1?code=c"],
    ["over plain http", REDIRECT.replace("https", "http")],
    ["with somebody's name in it", REDIRECT.replace("https://", "https://jane@")],
    ["that is a code alone", "c"],
    ["that is empty", ""],
  ])("is refused where it is one %s", (_what, address) => {
    expect(refusal(() => paste(address))).toBe("consent_callback_invalid");
  });
});
