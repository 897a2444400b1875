import { Secret } from "@evergrant/core";
import { expect, test } from "vitest";
import { judgeIdToken } from "./jwt-claims.ts";

const jwt = (claims: object) =>
  new Secret(`head.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`);
const asked = { nonce: "n-1", clientId: "app" };

test.each<[string, object, "ours" | "silent" | "foreign"]>([
  ["with nonce and audience", { nonce: "n-1", aud: "app" }, "ours"],
  ["for several clients, ours among them", { nonce: "n-1", aud: ["other", "app"] }, "ours"],
  ["of another run", { nonce: "n-2", aud: "app" }, "foreign"],
  ["with an empty nonce", { nonce: "", aud: "app" }, "foreign"],
  ["for another client", { nonce: "n-1", aud: "other" }, "foreign"],
  ["for nobody", { nonce: "n-1", aud: [] }, "foreign"],
  ["without a nonce", { aud: "app" }, "silent"],
  ["without an audience", { nonce: "n-1" }, "silent"],
  ["of another run that does not say for whom", { nonce: "n-2" }, "foreign"],
])("an ID token %s", (_what, claims, verdict) => {
  expect(judgeIdToken(jwt(claims), asked)).toBe(verdict);
});

test("an ID token where no nonce was sent is held to its audience alone; what is no JWT says nothing", () => {
  const unasked = { ...asked, nonce: null };
  expect([judgeIdToken(jwt({ aud: "app" }), unasked), judgeIdToken(jwt({ aud: "other" }), unasked)]).toEqual([
    ...["ours", "foreign"],
  ]);
  expect([judgeIdToken(null, asked), judgeIdToken(new Secret("opaque"), asked)]).toEqual(["silent", "silent"]);
});
