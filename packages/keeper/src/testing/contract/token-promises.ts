import type { ChainId, GrantId, TokenVersionId } from "@evergrant/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TokenVersion } from "../../ports/grant-store.ts";
import type { Sealed } from "../../ports/sealer.ts";
import * as arbitrary from "./arbitraries.ts";
import { CHAIN, change, furnish, GRANT, token, VERSION } from "./samples.ts";
import type { StoreWorld } from "./store-world.ts";

export function describeTokens(world: () => StoreWorld): void {
  const keep = (tokens: readonly TokenVersion[]) =>
    world().store.grants.change(GRANT, () => ({ change: change({ tokens }), result: null }));

  describe("tokens", () => {
    test("a token comes back as it went in", async () => {
      const { store } = world();
      await furnish(store);
      await fc.assert(
        fc.asyncProperty(arbitrary.tokenVersion, async (version) => {
          if ((await store.grants.token(version.id)) !== undefined) return;
          await keep([version]);
          expect(await store.grants.token(version.id)).toEqual(version);
        }),
        { numRuns: 60 },
      );
      expect(await store.grants.token("tv_none" as TokenVersionId)).toBeUndefined();
    });

    test("a token once kept is never overwritten, however often the same settle is repeated", async () => {
      const { store } = world();
      await furnish(store);
      await keep([token()]);
      await keep([token(), token({ accessToken: "sealed-otherwise" as Sealed, refreshFingerprint: null })]);
      expect(await store.grants.token(VERSION)).toEqual(token());
    });

    test("a refresh token is recognised by its fingerprint, whatever became of its chain", async () => {
      const { store } = world();
      await furnish(store);
      await keep([token(), token({ id: "tv_2" as TokenVersionId, refreshToken: null, refreshFingerprint: null })]);
      await store.grants.change(GRANT, () => ({
        change: change({ state: { kind: "ended", reason: "revoked", sinceMs: 9 } }),
        result: null,
      }));
      expect(await store.grants.knowsFingerprint("fingerprint-1")).toBe(true);
      expect(await store.grants.knowsFingerprint("fingerprint-2")).toBe(false);
      expect(await store.grants.knowsFingerprint("null")).toBe(false);
    });

    test("a chain's tokens are those with a refresh token, oldest first, and no other chain's", async () => {
      const { store } = world();
      await furnish(store);
      const made = [
        token({ id: "tv_c" as TokenVersionId, receivedAtMs: 300, parent: "tv_a" as TokenVersionId }),
        token({ id: "tv_a" as TokenVersionId, receivedAtMs: 100 }),
        token({ id: "tv_b" as TokenVersionId, receivedAtMs: 200, refreshToken: null, refreshFingerprint: null }),
        token({ id: "tv_d" as TokenVersionId, receivedAtMs: 150, chain: "ch_2" as ChainId }),
      ];
      await keep(made);
      expect(await store.grants.tokensOfChain(GRANT, CHAIN)).toEqual([made[1], made[0]]);
      expect(await store.grants.tokensOfChain("gr_none" as GrantId, CHAIN)).toEqual([]);
    });
  });
}
