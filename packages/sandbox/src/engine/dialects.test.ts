import { describe, expect, test } from "vitest";
import { anEngine, tokenOf } from "../testing/engine-world.ts";
import { checkAccess } from "./api-access.ts";
import { DIALECTS, type DialectName } from "./dialects.ts";
import { switchProblems, xero } from "./switches.ts";

const second = 1000;
const day = 86_400_000;

test("every dialect turns known switches to values they take", () => {
  for (const [name, switches] of Object.entries(DIALECTS)) {
    expect(Object.keys(switches).sort(), name).toEqual(Object.keys(xero).sort());
    expect(switchProblems({ ...switches }), name).toEqual([]);
  }
});

/** R1 gives R2, R2 gives R3 at once; then R1 comes again. */
const oldGeneration: { readonly [Name in DialectName]: string } = {
  xero: "retry-sibling",
  strict: "reuse",
  "closing-grace": "reuse",
  okta: "retry-sibling",
  auth0: "reuse",
  supabase: "retry-active",
  hydra: "retry-sibling",
  keycloak: "retry-sibling",
  wso2: "reuse",
  cognito: "retry-sibling",
  atlassian: "retry-sibling",
  lightspeed: "reuse",
  none: "keep",
};

/** The last second of the window in which a lost answer can be asked for again; null: there is none, Infinity: time does not close it. */
const windowSeconds: { readonly [Name in DialectName]: number | null } = {
  xero: 1800,
  strict: null,
  "closing-grace": 1800,
  okta: 30,
  auth0: 60,
  supabase: Number.POSITIVE_INFINITY,
  hydra: 300,
  keycloak: Number.POSITIVE_INFINITY,
  wso2: 30,
  cognito: 60,
  atlassian: 600,
  lightspeed: Number.POSITIVE_INFINITY,
  none: Number.POSITIVE_INFINITY,
};

describe.each(Object.keys(DIALECTS) as DialectName[])("%s", (dialect) => {
  test("decides explicitly what the grandparent of the present token gives", () => {
    const world = anEngine({}, dialect);
    const first = world.consents(0).refreshToken;
    const next = tokenOf(world.refreshes(1, first));
    world.refreshes(2, next);
    expect(world.refreshes(3, first).decision.kind).toBe(oldGeneration[dialect]);
  });

  test("gives a lost answer again until its window ends, and not after", () => {
    const seconds = windowSeconds[dialect];
    const repeat = (afterMs: number) => {
      const world = anEngine({}, dialect);
      const first = world.consents(0).refreshToken;
      world.refreshes(0, first);
      return world.refreshes(afterMs, first).tokens !== null;
    };
    if (seconds === null) return expect(repeat(0)).toBe(false);
    if (seconds === Number.POSITIVE_INFINITY) return expect(repeat(29 * day)).toBe(true);
    expect([repeat(seconds * second - 1), repeat(seconds * second)]).toEqual([true, false]);
  });

  test("after the window, the present token lives on or ends as its rule says", () => {
    const world = anEngine({}, dialect);
    const first = world.consents(0).refreshToken;
    const next = tokenOf(world.refreshes(0, first));
    const after = tokenOf(world.refreshes(0, next));
    const late = 20 * day;
    world.refreshes(late, first);
    world.refreshes(late, first);
    const ends = DIALECTS[dialect].after_grace === "revoke-family" && DIALECTS[dialect].rotation !== "none";
    expect(world.refreshes(late, after).tokens === null).toBe(ends);
  });
});

test("supabase hands out the very token in use to whoever comes with an older one inside 10 seconds", () => {
  const world = anEngine({}, "supabase");
  const first = world.consents(0).refreshToken;
  const second = tokenOf(world.refreshes(0, first));
  const third = tokenOf(world.refreshes(1, second));
  expect(tokenOf(world.refreshes(2, first))).toBe(third);
  expect(world.refreshes(10_000, first).decision).toEqual({ kind: "reuse", consequence: "revoke-family" });
  expect(world.refreshes(10_001, third).decision).toEqual({ kind: "revoked", reason: "reuse" });
});

test("atlassian ends the old access token at a refresh, and everything after 365 days", () => {
  const world = anEngine({}, "atlassian");
  let { refreshToken, accessTokenId } = world.consents(0);
  for (let at = 60 * day; at < 365 * day; at += 60 * day) refreshToken = tokenOf(world.refreshes(at, refreshToken));
  expect(world.engine.run(60 * day, (turn) => checkAccess(turn, accessTokenId)).kind).toBe("unauthenticated");
  accessTokenId = world.refreshes(365 * day - 1, refreshToken).tokens?.access.id ?? "";
  expect(accessTokenId).not.toBe("");
  expect(world.refreshes(365 * day, refreshToken).decision.kind).toBe("expired");
});
