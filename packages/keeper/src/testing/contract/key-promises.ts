import type { GrantId, RecipientId } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import type { Sealed, WrappedKey } from "../../ports/sealer.ts";
import { KEY_OWNERS } from "../../ports/wrapped-key-store.ts";
import {
  APP,
  CONSENT,
  change,
  consent,
  deployment,
  furnish,
  GRANT,
  grant,
  NOTHING,
  recipient,
  records,
} from "./samples.ts";
import type { StoreWorld } from "./store-world.ts";

const SUBJECT = { kind: "deployment", id: "keys" } as const;
const wrapped = (text: string) => text as WrappedKey;

/** Data keys that are wrapped anew, and which key is to wrap them. */
export function describeKeys(world: () => StoreWorld): void {
  describe("data keys", () => {
    const grants = async (...keys: readonly string[]) => {
      const { store } = world();
      await furnish(store);
      for (const [n, key] of keys.entries()) {
        const id = `gr_k${n}` as GrantId;
        await store.grants.create(grant({ id, subject: id, dataKey: wrapped(key) }), NOTHING);
      }
      return store.wrappedKeys;
    };

    test("that another key wraps come by owner, page by page; a destroyed one is none", async () => {
      const keys = await grants("k1.a", "k2.b", "", "k1.c", "k10.d", "K2.e", "k2-x.f");
      const page = async (after: string | null, limit: number) =>
        (await keys.notWrappedBy("k2", "grant", { after, limit })).map(({ owner }) => owner);
      expect(await page(null, 10)).toEqual([GRANT, "gr_k0", "gr_k3", "gr_k4", "gr_k5", "gr_k6"]);
      expect(await page("gr_k3", 2)).toEqual(["gr_k4", "gr_k5"]);
      expect(await keys.countNotWrappedBy("k2", "grant", 100)).toBe(6);
      expect(await keys.countNotWrappedBy("k2", "grant", 4)).toBe(4);
    });

    test("of grants, apps, consents, recipients and kept answers are replaced where they are still the same, and nothing else moves", async () => {
      const { store } = world();
      await furnish(store);
      await store.consents.create(consent(), NOTHING);
      await store.notices.createRecipient(recipient(), NOTHING);
      await store.notices.createRecipient(
        recipient({ id: "rc_mail" as RecipientId, channel: "email", dataKey: null }),
        NOTHING,
      );
      const create = { key: "c_1", requestMac: "asked", startedAtMs: 10, connections: [] };
      await store.idempotency.claim(create);
      await store.idempotency.claim({ ...create, key: "c_0-still-runs" });
      await store.idempotency.finish("c_1", { dataKey: wrapped("old.x"), sealed: "sealed" as Sealed });
      for (const kind of KEY_OWNERS) {
        const [row] = await store.wrappedKeys.notWrappedBy("new", kind, { after: null, limit: 1 });
        if (row === undefined) throw new Error(`no ${kind}`);
        expect(await store.wrappedKeys.replace(kind, { ...row, dataKey: wrapped("other") }, wrapped("new.x"))).toBe(
          false,
        );
        expect(await store.wrappedKeys.replace(kind, row, wrapped("new.x"))).toBe(true);
        expect(await store.wrappedKeys.replace(kind, row, wrapped("new.y"))).toBe(false);
        expect(await store.wrappedKeys.countNotWrappedBy("new", kind, 9)).toBe(0);
      }
      expect(await store.grants.load(GRANT)).toEqual(grant({ dataKey: wrapped("new.x") }));
      expect((await store.apps.find(APP))?.dataKey).toBe("new.x");
      expect(await store.consents.find(CONSENT)).toEqual(consent({ dataKey: wrapped("new.x") }));
      expect((await store.notices.recipients()).map(({ dataKey }) => dataKey)).toEqual(["new.x", null]);
      expect(await store.idempotency.claim(create)).toMatchObject({ answer: { dataKey: "new.x", sealed: "sealed" } });
    });

    test("are not put back by a change that was computed before", async () => {
      const { store } = world();
      const keys = await grants();
      const [row] = await keys.notWrappedBy("new", "grant", { after: null, limit: 1 });
      if (row === undefined) throw new Error("no grant");
      await Promise.all([
        keys.replace("grant", row, wrapped("new.x")),
        ...Array.from({ length: 10 }, () =>
          store.grants.change(GRANT, () => ({ change: change({ dueAtMs: 5 }), result: null })),
        ),
      ]);
      expect((await store.grants.load(GRANT))?.dataKey).toBe("new.x");
    });
  });

  describe("the primary key", () => {
    test("is named by whoever knew the one before, and told of once", async () => {
      const { store } = world();
      await store.deployment.create(deployment());
      const name = (from: string | null, to: string) =>
        store.deployment.setPrimaryKey(from, to, records(SUBJECT, "key-rotated"));
      expect((await store.deployment.read())?.primaryKey).toBeUndefined();
      expect(await name("k1", "k2")).toBe(false);
      expect(await name(null, "k1")).toBe(true);
      expect(await name(null, "k2")).toBe(false);
      expect(await name("k1", "k2")).toBe(true);
      expect((await store.deployment.read())?.primaryKey).toBe("k2");
      expect(await store.audit.story(SUBJECT, 10)).toHaveLength(2);
    });

    test("takes the key-check value along, by compare-and-set", async () => {
      const { store } = world();
      const { keyCheck } = deployment();
      await store.deployment.create(deployment());
      expect(await store.deployment.replaceKeyCheck("other", "new")).toBe(false);
      expect(await store.deployment.replaceKeyCheck(keyCheck, "new")).toBe(true);
      expect((await store.deployment.read())?.keyCheck).toBe("new");
    });
  });
}
