import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anEngine, clientId, type EngineWorld, tokenOf } from "../testing/engine-world.ts";
import { checkAccess } from "./api-access.ts";
import { revokeAccess, revokeFamiliesOf, revokeGrant, revokePresented } from "./revoke.ts";
import type { AccessToken, Family, RefreshToken } from "./rows.ts";
import { type VerifyReport, verify } from "./verify.ts";

const minute = 60_000;
const day = 86_400_000;
const quiet = { ok: true, forks: [], usedAfterRevoke: [], usedAfterExpiry: [], lostGrants: [] };

const report = (world: EngineWorld, nowMs: number): VerifyReport =>
  verify(world.engine.view, nowMs, world.engine.switches());

/** Writes into the ledger what no rule would: the report reads rows, and trusts no rule. */
const plant = {
  refresh: (world: EngineWorld, hash: string, change: Partial<RefreshToken>) =>
    world.engine.run(0, ({ draft }) => {
      const row = draft.get("refreshTokens", hash);
      if (row !== undefined) draft.put("refreshTokens", hash, { ...row, ...change });
    }),
  access: (world: EngineWorld, id: string, change: Partial<AccessToken>) =>
    world.engine.run(0, ({ draft }) => {
      const row = draft.get("accessTokens", id);
      if (row !== undefined) draft.put("accessTokens", id, { ...row, ...change });
    }),
  family: (world: EngineWorld, id: string, change: Partial<Family>) =>
    world.engine.run(0, ({ draft }) => {
      const row = draft.get("families", id);
      if (row !== undefined) draft.put("families", id, { ...row, ...change });
    }),
};

describe("a fork", () => {
  test("is a token of which two successors were used, wherever in the family", () => {
    const world = anEngine();
    const first = world.consents(0).refreshToken;
    const second = tokenOf(world.refreshes(1, first));
    expect(report(world, 2)).toMatchObject(quiet);
    const [a, b, unused] = [3, 4, 5].map((atMs) => tokenOf(world.refreshes(atMs, second)));
    world.refreshes(6, a ?? "");
    expect(report(world, 7)).toMatchObject(quiet);
    world.refreshes(8, b ?? "");
    expect(report(world, 9)).toMatchObject({
      ok: false,
      forks: [{ tokenHash: `#${second}`, generation: 2, usedSuccessors: 2 }],
    });
    world.refreshes(10, unused ?? "");
    const other = tokenOf(world.refreshes(11, first));
    world.refreshes(12, other);
    expect(report(world, 13).forks.map(({ generation, usedSuccessors }) => [generation, usedSuccessors])).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });

  test("is none of two consents of one person", () => {
    const world = anEngine();
    for (const atMs of [0, 10]) world.refreshes(atMs + 1, world.consents(atMs).refreshToken);
    expect(report(world, 20)).toMatchObject(quiet);
  });
});

describe("a use after the revocation", () => {
  const revokedAt = (atMs: number) => ({ revokedAtMs: atMs, revokedReason: "operator" }) as const;

  test("of a refresh token itself, or of its family, whichever came first", () => {
    const world = anEngine();
    const { refreshToken, familyId } = world.consents(0);
    world.refreshes(10, refreshToken);
    plant.refresh(world, `#${refreshToken}`, revokedAt(20));
    expect(report(world, 30).usedAfterRevoke).toEqual([]);
    plant.family(world, familyId, revokedAt(5));
    expect(report(world, 30)).toMatchObject({
      ok: false,
      usedAfterRevoke: [{ kind: "refresh", id: `#${refreshToken}`, revokedAtMs: 5, usedAtMs: 10 }],
    });
    plant.family(world, familyId, { revokedAtMs: null, revokedReason: null });
    plant.refresh(world, `#${refreshToken}`, revokedAt(9));
    expect(report(world, 30).usedAfterRevoke).toMatchObject([{ revokedAtMs: 9, usedAtMs: 10 }]);
  });

  test("shows in a successor that is younger, even where the use was not written down", () => {
    const world = anEngine();
    const { refreshToken } = world.consents(0);
    world.refreshes(10, refreshToken);
    plant.refresh(world, `#${refreshToken}`, { ...revokedAt(5), firstUsedAtMs: 1, lastUsedAtMs: 1 });
    expect(report(world, 20).usedAfterRevoke).toMatchObject([{ id: `#${refreshToken}`, usedAtMs: 10 }]);
  });

  test("of an access token itself, or of its family where that ended the access tokens", () => {
    const world = anEngine();
    const { accessTokenId, familyId } = world.consents(0);
    world.engine.run(10, (turn) => checkAccess(turn, accessTokenId));
    plant.family(world, familyId, { ...revokedAt(5), accessEnded: false });
    expect(report(world, 20).usedAfterRevoke).toEqual([]);
    plant.family(world, familyId, { accessEnded: true });
    expect(report(world, 20)).toMatchObject({
      ok: false,
      usedAfterRevoke: [{ kind: "access", id: accessTokenId, revokedAtMs: 5, usedAtMs: 10 }],
    });
    plant.family(world, familyId, { accessEnded: false });
    plant.access(world, accessTokenId, revokedAt(7));
    expect(report(world, 20).usedAfterRevoke).toMatchObject([{ kind: "access", revokedAtMs: 7 }]);
  });
});

test("a use after the end, of either kind of token", () => {
  const world = anEngine();
  const { refreshToken, accessTokenId } = world.consents(0);
  world.refreshes(10, refreshToken);
  world.engine.run(10, (turn) => checkAccess(turn, accessTokenId));
  expect(report(world, 20)).toMatchObject(quiet);
  plant.refresh(world, `#${refreshToken}`, { expiresAtMs: 10 });
  plant.access(world, accessTokenId, { expiresAtMs: 9 });
  expect(report(world, 20)).toMatchObject({
    ok: false,
    usedAfterExpiry: [
      { kind: "refresh", id: `#${refreshToken}`, expiresAtMs: 10, usedAtMs: 10 },
      { kind: "access", id: accessTokenId, expiresAtMs: 9, usedAtMs: 10 },
    ],
  });
});

describe("a grant is lost", () => {
  const lostBecause = (world: EngineWorld, nowMs: number) => {
    const { lostGrants, liveGrants, grants } = report(world, nowMs);
    expect([liveGrants + lostGrants.length, grants]).toEqual([1, 1]);
    return lostGrants.map(({ because }) => because);
  };

  test("when its last token ended unused", () => {
    const world = anEngine();
    world.refreshes(day, world.consents(0).refreshToken);
    expect(lostBecause(world, 60 * day)).toEqual([]);
    expect(lostBecause(world, 61 * day)).toEqual(["expired"]);
  });

  test("when a repeat ended the family", () => {
    const world = anEngine({}, "strict");
    const { refreshToken } = world.consents(0);
    world.refreshes(1, refreshToken);
    world.refreshes(2, refreshToken);
    expect(lostBecause(world, 3)).toEqual(["reuse"]);
  });

  test("when every token is spent and none may be repeated", () => {
    const world = anEngine({ rotation: "strict", after_grace: "reject" });
    const { refreshToken, familyId } = world.consents(0);
    world.refreshes(1, refreshToken);
    world.engine.run(2, ({ draft }) => {
      const [, lost] = [...draft.all("refreshTokens")].filter((token) => token.familyId === familyId);
      if (lost !== undefined) draft.put("refreshTokens", lost.hash, { ...lost, firstUsedAtMs: 2, useCount: 1 });
    });
    expect(lostBecause(world, 3)).toEqual(["spent"]);
  });

  test("when a code came twice", () => {
    const world = anEngine();
    const { familyId } = world.consents(0);
    plant.family(world, familyId, { revokedAtMs: 1, revokedReason: "code-replay" });
    expect(lostBecause(world, 2)).toEqual(["code-replay"]);
  });
});

describe("a grant is not lost", () => {
  test("that its app, its person or an operator ended", () => {
    const ends: readonly ((world: EngineWorld, refreshToken: string) => unknown)[] = [
      (world, token) => world.engine.run(1, (turn) => revokePresented(turn, { clientId, token, accessTokenId: null })),
      (world) => world.engine.run(1, (turn) => revokeGrant(turn, `${clientId}:user`, "operator")),
      (world) => world.engine.run(1, (turn) => revokeFamiliesOf(turn, `${clientId}:user`, "password-changed")),
    ];
    for (const end of ends) {
      const world = anEngine();
      end(world, world.consents(0).refreshToken);
      expect(report(world, 2)).toMatchObject({ ...quiet, grants: 1, liveGrants: 0 });
    }
  });

  test("while its spent token may be repeated, or a second consent lives", () => {
    const world = anEngine({ second_consent_kills_first: true });
    world.refreshes(1, world.consents(0).refreshToken);
    world.consents(2);
    expect(report(world, 10 * minute)).toMatchObject({ ...quiet, liveGrants: 1 });
  });

  test("that never had a refresh token", () => {
    const world = anEngine();
    world.consents(0, ["openid", "accounting.settings"]);
    expect(report(world, 90 * day)).toMatchObject(quiet);
  });
});

test("in any lawful history one planted violation is what is reported, and nothing else", () => {
  const use = fc.record({ gapMs: fc.constantFrom(1, minute, 10 * minute), repeat: fc.boolean() });
  fc.assert(
    fc.property(fc.array(use, { minLength: 1, maxLength: 20 }), fc.nat(), fc.boolean(), (uses, pick, ofAccess) => {
      const world = anEngine();
      let token = world.consents(0).refreshToken;
      let nowMs = 0;
      for (const { gapMs, repeat } of uses) {
        nowMs += gapMs;
        // Whoever repeats throws the first answer away, as after a lost one: siblings, but no fork.
        if (repeat) world.refreshes(nowMs, token);
        const outcome = world.refreshes(nowMs, token);
        world.engine.run(nowMs, (turn) => checkAccess(turn, outcome.tokens?.access.id ?? null));
        token = tokenOf(outcome);
      }
      expect(report(world, nowMs)).toMatchObject({ ...quiet, liveGrants: 1 });
      const { view } = world.engine;
      const candidates = [...(ofAccess ? view.all("accessTokens") : view.all("refreshTokens"))].filter(
        ({ lastUsedAtMs }) => lastUsedAtMs !== null,
      );
      const chosen = candidates[pick % candidates.length];
      const change = { revokedAtMs: (chosen?.lastUsedAtMs ?? 0) - 1, revokedReason: "operator" } as const;
      const id = chosen === undefined ? "" : "hash" in chosen ? chosen.hash : chosen.id;
      if (ofAccess) plant.access(world, id, change);
      else plant.refresh(world, id, change);
      const { ok, forks, usedAfterRevoke, usedAfterExpiry } = report(world, nowMs);
      expect([ok, forks, usedAfterExpiry]).toEqual([false, [], []]);
      expect(usedAfterRevoke.map((found) => [found.kind, found.id])).toEqual([[ofAccess ? "access" : "refresh", id]]);
    }),
    { numRuns: 60 },
  );
});

test("a revoked access token that was used before is no violation", () => {
  const world = anEngine();
  const { accessTokenId } = world.consents(0);
  world.engine.run(1, (turn) => checkAccess(turn, accessTokenId));
  world.engine.run(2, (turn) => revokeAccess(turn, accessTokenId, "token-revoked"));
  world.engine.run(3, (turn) => checkAccess(turn, accessTokenId));
  expect(report(world, 4)).toMatchObject(quiet);
});
