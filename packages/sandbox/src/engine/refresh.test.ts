import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anEngine, clientId, type EngineWorld, plainMint, tokenOf } from "../testing/engine-world.ts";
import { checkAccess, listConnections } from "./api-access.ts";
import { accepts } from "./decide-refresh.ts";
import { askRefresh } from "./refresh.ts";
import { revokePresented } from "./revoke.ts";
import { nextEventAtMs, schedule } from "./schedule.ts";
import { type Switches, xero } from "./switches.ts";
import { verify } from "./verify.ts";

const minute = 60_000;
const day = 86_400_000;

const accepted = (world: EngineWorld, token: string, nowMs: number) =>
  accepts[
    askRefresh(world.engine.view, { hash: plainMint.hash(token), nowMs, switches: world.engine.switches() }).kind
  ];

const report = (world: EngineWorld, nowMs: number) => verify(world.engine.view, nowMs, world.engine.switches());

describe("fifty refreshes at once with one token", () => {
  const fifty = (switches: Partial<Switches>, dialect: "xero" | "strict" = "xero") => {
    const world = anEngine(switches, dialect);
    const first = world.consents(0).refreshToken;
    const outcomes = Array.from({ length: 50 }, () => world.refreshes(1, first));
    const given = new Set(outcomes.flatMap((outcome) => outcome.tokens?.refresh?.token ?? []));
    const live = [...given].filter((token) => accepted(world, token, 2));
    return {
      answered: outcomes.filter((outcome) => outcome.tokens !== null).length,
      given: given.size,
      live: live.length,
    };
  };

  test("sibling gives fifty successors, all live", () =>
    expect(fifty({})).toEqual({ answered: 50, given: 50, live: 50 }));
  test("same gives one", () => expect(fifty({ "grace.retry": "same" })).toEqual({ answered: 50, given: 1, live: 1 }));
  test("supersede gives fifty of which one lives", () =>
    expect(fifty({ "grace.retry": "supersede" })).toEqual({ answered: 50, given: 50, live: 1 }));
  test("strict gives one and ends it", () => expect(fifty({}, "strict")).toEqual({ answered: 1, given: 1, live: 0 }));
  test("a use limit of three gives three", () =>
    expect(fifty({ "grace.max_uses": 3 })).toEqual({ answered: 3, given: 3, live: 3 }));
  test("no rotation gives the same token for ever", () =>
    expect(fifty({ rotation: "none" })).toEqual({ answered: 50, given: 1, live: 1 }));
});

test("a token given out in the grace can itself refresh", () => {
  for (const retry of ["sibling", "same", "supersede"] as const) {
    const world = anEngine({ "grace.retry": retry });
    const first = world.consents(0).refreshToken;
    world.refreshes(1, first);
    const repeated = tokenOf(world.refreshes(29 * minute, first));
    expect(world.refreshes(30 * minute, repeated).decision.kind).toBe("rotate");
  }
});

test("same gives the very pair again, and a new access token once that one is over", () => {
  const world = anEngine({ "grace.retry": "same", "access_token.ttl_seconds": 60 });
  const first = world.consents(0).refreshToken;
  const pair = world.refreshes(0, first).tokens;
  const again = world.refreshes(30_000, first).tokens;
  expect([again?.refresh?.token, again?.access.id]).toEqual([pair?.refresh?.token, pair?.access.id]);
  const late = world.refreshes(60_000, first).tokens;
  expect(late?.refresh?.token).toBe(pair?.refresh?.token);
  expect(late?.access.id).not.toBe(pair?.access.id);
});

test("retrying every 29 minutes for three hours fails 30 minutes after the first use", () => {
  const world = anEngine();
  const first = world.consents(0).refreshToken;
  world.refreshes(0, first);
  const kinds = [29, 58, 87, 116, 145, 174].map((at) => world.refreshes(at * minute, first).decision.kind);
  expect(kinds).toEqual(["retry-sibling", "reuse", "reuse", "reuse", "reuse", "reuse"]);
});

test("spent rows stay as evidence long after the grace", () => {
  const world = anEngine();
  const first = world.consents(0).refreshToken;
  const second = tokenOf(world.refreshes(0, first));
  world.refreshes(59 * day, second);
  expect(world.refreshes(59 * day + minute, first).decision.kind).toBe("reuse");
  expect(world.engine.view.get("refreshTokens", plainMint.hash(first))).toMatchObject({
    useCount: 1,
    refusals: 1,
    lastRefusedAtMs: 59 * day + minute,
  });
});

test("reuse under strict ends the family, tokens in flight included", () => {
  const world = anEngine({}, "strict");
  const { refreshToken } = world.consents(0);
  const next = world.refreshes(1, refreshToken);
  expect(world.refreshes(2, refreshToken).decision).toEqual({ kind: "reuse", consequence: "revoke-family" });
  expect(world.refreshes(3, tokenOf(next)).decision).toEqual({ kind: "revoked", reason: "reuse" });
  expect(world.engine.run(4, (turn) => checkAccess(turn, next.tokens?.access.id ?? null)).kind).toBe("unauthenticated");
  expect(report(world, 5)).toMatchObject({ ok: true, lostGrants: [{ because: "reuse" }], liveGrants: 0 });
});

test("the old access token lives on after a refresh, unless the switch says otherwise", () => {
  for (const [value, kind] of [
    ["keep", "ok"],
    ["revoke", "unauthenticated"],
  ] as const) {
    const world = anEngine({ access_token_on_rotate: value });
    const { refreshToken, accessTokenId } = world.consents(0);
    world.refreshes(1, refreshToken);
    expect(world.engine.run(2, (turn) => checkAccess(turn, accessTokenId)).kind).toBe(kind);
  }
});

test("confirm on use: the new access token's first call ends the old refresh token", () => {
  const world = anEngine({ rotation: "confirm-on-use" });
  const first = world.consents(0).refreshToken;
  const next = world.refreshes(1, first);
  expect(accepted(world, first, day)).toBe(true);
  world.engine.run(2, (turn) => checkAccess(turn, next.tokens?.access.id ?? null));
  expect(accepted(world, first, day)).toBe(false);
});

test("a second consent ends the first only if the switch says so", () => {
  for (const kills of [false, true]) {
    const world = anEngine({ second_consent_kills_first: kills });
    const first = world.consents(0).refreshToken;
    const second = world.consents(1).refreshToken;
    expect([accepted(world, first, 2), accepted(world, second, 2)]).toEqual([!kills, true]);
    expect(report(world, 2)).toMatchObject({ lostGrants: [], liveGrants: 1 });
  }
});

test("scopes add up from consent to consent, the identity scopes are those of the last", () => {
  const world = anEngine();
  world.consents(0, ["openid", "accounting.settings", "offline_access"]);
  const token = world.consents(1, ["accounting.contacts.read", "offline_access"]).refreshToken;
  expect(world.refreshes(2, token).tokens?.scopes).toEqual([
    "accounting.contacts.read",
    "offline_access",
    "accounting.settings",
  ]);
});

test("revoking a refresh token ends the grant, all its consents and its connections, and no token outlives it", () => {
  const world = anEngine();
  const first = world.consents(0);
  const second = world.consents(1);
  const outcome = world.engine.run(2, (turn) =>
    revokePresented(turn, { clientId, token: first.refreshToken, accessTokenId: null }),
  );
  expect(outcome).toBe("grant-revoked");
  expect([first, second].map(({ refreshToken }) => accepted(world, refreshToken, 3))).toEqual([false, false]);
  const listed = world.engine.run(4, (turn) => {
    const checked = checkAccess(turn, second.accessTokenId);
    return checked.kind === "ok" ? listConnections(turn, checked.access, null) : null;
  });
  expect(listed).toEqual([]);
  expect(report(world, 5)).toMatchObject({ ok: true, lostGrants: [] });
});

test("a dead refresh token of an earlier consent cannot revoke the present one", () => {
  const world = anEngine({ second_consent_kills_first: true });
  const first = world.consents(0).refreshToken;
  const second = world.consents(1).refreshToken;
  expect(world.engine.run(2, (turn) => revokePresented(turn, { clientId, token: first, accessTokenId: null }))).toBe(
    "ignored",
  );
  expect(accepted(world, second, 3)).toBe(true);
});

test("two successors of one token that both go on are reported as a fork", () => {
  const world = anEngine();
  const first = world.consents(0).refreshToken;
  const [a, b] = [world.refreshes(1, first), world.refreshes(2, first)].map(tokenOf);
  world.refreshes(3, a ?? "");
  expect(report(world, 4).forks).toEqual([]);
  world.refreshes(4, b ?? "");
  expect(report(world, 5)).toMatchObject({ ok: false, forks: [{ generation: 1, usedSuccessors: 2 }] });
});

test("a grant asleep for 60 days is lost, because it expired", () => {
  const world = anEngine();
  world.consents(0);
  expect(report(world, 60 * day - 1).lostGrants).toEqual([]);
  expect(report(world, 60 * day).lostGrants).toMatchObject([{ because: "expired" }]);
});

test("if the write fails, nothing has happened", () => {
  const world = anEngine({}, "strict");
  const first = world.consents(0).refreshToken;
  world.failNextWrite();
  expect(() => world.refreshes(1, first)).toThrow("disk full");
  expect(world.refreshes(2, first).decision.kind).toBe("rotate");
});

test("scheduled events run in order, each at its own instant, before whatever comes after", () => {
  const world = anEngine();
  const { accessTokenId } = world.consents(0);
  const id = [...world.engine.view.all("connections")][0]?.id ?? "";
  world.engine.run(1, (turn) => {
    schedule(turn, 500, { kind: "disconnect", connectionId: id });
    schedule(turn, 200, { kind: "set-role", userId: "user", organisationId: "organisation", role: "Read only" });
  });
  expect(nextEventAtMs(world.engine.view)).toBe(200);
  world.engine.run(1000, (turn) => checkAccess(turn, accessTokenId));
  expect(nextEventAtMs(world.engine.view)).toBeNull();
  expect(world.engine.view.get("connections", id)).toMatchObject({ endedAtMs: 200, endedReason: "role-lost" });
});

// The client's side of the bargain, for every switch it cannot know.
const unknowns = fc.record({
  "grace.retry": fc.constantFrom("sibling", "same", "supersede"),
  "grace.depth": fc.constantFrom("any", "parent-only"),
  "grace.closes_when": fc.constantFrom("never", "successor-used"),
  after_grace: fc.constantFrom("reject", "revoke-family"),
} as const);

test("whichever way the unknowns stand: a lost answer is mended by the same token inside the grace", () => {
  fc.assert(
    fc.property(
      unknowns,
      fc.integer({ min: 0, max: 30 * minute - 1 }),
      fc.integer({ min: 1, max: 5 }),
      (switches, waitMs, rounds) => {
        const world = anEngine(switches);
        let token = world.consents(0).refreshToken;
        let nowMs = 0;
        for (let round = 0; round < rounds; round += 1) {
          world.refreshes(nowMs, token);
          nowMs += waitMs;
          token = tokenOf(world.refreshes(nowMs, token));
        }
        expect(report(world, nowMs)).toMatchObject({ ok: true, lostGrants: [], liveGrants: 1 });
      },
    ),
  );
});

test("asking never changes an answer, and refresh does what was asked about", () => {
  const use = fc.record({ gapMs: fc.integer({ min: 0, max: 40 * day }), pick: fc.nat(20) });
  fc.assert(
    fc.property(unknowns, fc.array(use, { maxLength: 25 }), (switches, uses) => {
      const world = anEngine(switches);
      const tokens = [world.consents(0).refreshToken];
      let nowMs = 0;
      for (const { gapMs, pick } of uses) {
        nowMs += gapMs;
        const token = tokens[pick % tokens.length] ?? "";
        const question = { hash: plainMint.hash(token), nowMs, switches: world.engine.switches() };
        const asked = askRefresh(world.engine.view, question);
        expect(askRefresh(world.engine.view, question)).toEqual(asked);
        const outcome = world.refreshes(nowMs, token);
        expect(outcome.decision).toEqual(asked);
        if (outcome.tokens !== null) tokens.push(tokenOf(outcome));
      }
      expect(report(world, nowMs).usedAfterRevoke).toEqual([]);
      expect([...world.engine.view.all("refreshTokens")].length).toBeGreaterThanOrEqual(new Set(tokens).size);
    }),
  );
});

test("a switch left alone has Xero's value", () => expect(anEngine().engine.switches()).toEqual(xero));
