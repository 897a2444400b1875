import type { GrantId, GrantState, TokenVersionId } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { NO_DATA_KEY } from "../../ports/grant-store.ts";
import type { NodeReport } from "../../ports/node-store.ts";
import { APP, CHAIN, change, furnish, GRANT, grant, NOTHING, records, token, VERSION } from "./samples.ts";
import { NODE, SECOND_NODE, type StoreWorld } from "./store-world.ts";

const SUBJECT = { kind: "grant", id: GRANT } as const;
const ENDED: GrantState = { kind: "ended", reason: "erased", sinceMs: 70 };

/** What is left of a grant that was erased, and who says that its journal is clean of it. */
export function describeErasure(world: () => StoreWorld): void {
  describe("an erased grant", () => {
    const erased = async () => {
      const { store } = world();
      await furnish(store);
      const accessOnly = token({ id: "tv_2" as TokenVersionId, refreshToken: null, refreshFingerprint: null });
      await store.grants.change(GRANT, () => ({ change: change({ tokens: [token(), accessOnly] }), result: null }));
      const done = await store.grants.erase(GRANT, { atMs: 70, state: ENDED }, records(SUBJECT, "grant-erased"));
      return { store, done };
    };

    test("has neither key nor token nor name, and is never due", async () => {
      const { store, done } = await erased();
      expect(done).toBe(true);
      expect(await store.grants.load(GRANT)).toMatchObject({
        ...{ state: ENDED, subject: null, dataKey: NO_DATA_KEY, dueAtMs: null },
        lease: { owner: null },
      });
      expect(await store.grants.token(VERSION)).toMatchObject({ accessToken: "", refreshToken: "", scope: null });
      expect(await store.grants.token("tv_2" as TokenVersionId)).toMatchObject({ accessToken: "", refreshToken: null });
      expect(await store.grants.due(Number.MAX_SAFE_INTEGER, 10)).toEqual([]);
    });

    test("leaves its place to another grant of the same person, and its fingerprints as they were", async () => {
      const { store } = await erased();
      expect(await store.grants.knowsFingerprint("fingerprint-1")).toBe(true);
      expect(await store.grants.findBySubject(APP, "person-1")).toBeUndefined();
      expect(await store.grants.create(grant({ id: "gr_new" as GrantId }), NOTHING)).toBe("created");
    });

    test("is erased once, and told of once", async () => {
      const { store } = await erased();
      const again = store.grants.erase(GRANT, { atMs: 99, state: ENDED }, records(SUBJECT, "grant-erased"));
      expect(await again).toBe(false);
      expect(await store.grants.erase("gr_none" as GrantId, { atMs: 1, state: ENDED }, NOTHING)).toBe(false);
      expect(await store.audit.story(SUBJECT, 10)).toHaveLength(1);
      expect(await store.grants.erasedSince(0, 10)).toEqual([{ id: GRANT, atMs: 70 }]);
      expect(await store.grants.erasedSince(70, 10)).toHaveLength(1);
      expect(await store.grants.erasedSince(71, 10)).toEqual([]);
    });

    test("still tells which versions were its own", async () => {
      const { store } = await erased();
      expect(await store.grants.versionsOf(GRANT)).toEqual([
        { id: VERSION, chain: CHAIN },
        { id: "tv_2", chain: CHAIN },
      ]);
    });
  });

  describe("a node's report", () => {
    test("takes the place of its last, and of no other node's", async () => {
      const { store } = world();
      const keys = { primary: "k2", ring: ["k2", "k1"], journal: ["k1"] };
      const report = (more: Partial<NodeReport> = {}): NodeReport => ({
        ...{ node: NODE, keys, erasedToMs: 5, toldAtMs: 6 },
        ...more,
      });
      expect(await store.nodes.reports()).toEqual([]);
      await store.nodes.report(report({ node: SECOND_NODE }));
      await store.nodes.report(report({ erasedToMs: 1 }));
      await store.nodes.report(report());
      expect(await store.nodes.reports()).toEqual([report(), report({ node: SECOND_NODE })]);
    });
  });
}
