import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { storable } from "../../stores/storable.ts";
import * as samples from "./samples.ts";
import { APP, app, caller, change, connection, furnish, GRANT, grant, NOTHING, token, VERSION } from "./samples.ts";
import type { StoreWorld } from "./store-world.ts";

// What databases take differently: U+0000, halves of surrogate pairs, backslashes that look like JSON's own.
const oddText = fc.string({
  unit: fc.constantFrom("a", "\0", "\ud83d", "\ude00", "\\", "u0000", "é", '"'),
  minLength: 1,
  maxLength: 8,
});

export function describeTexts(world: () => StoreWorld): void {
  describe("text", () => {
    test("comes back with U+FFFD for U+0000 and for halves of surrogate pairs, whatever else is in it", async () => {
      const { store } = world();
      await furnish(store);
      let count = 0;
      await fc.assert(
        fc.asyncProperty(oddText, async (text) => {
          count += 1;
          const given = token({ id: `tv_${count}` as never, scope: text });
          await store.grants.change(GRANT, () => ({ change: change({ tokens: [given] }), result: null }));
          expect(await store.grants.token(given.id)).toEqual(storable(given));
          const names = { name: `${text}${count}`, expectedTenant: text, tenants: [] };
          const made = connection({ id: `cn_${count}x` as never, ...names });
          await store.connections.create(made, NOTHING);
          expect(await store.connections.find(made.id)).toEqual(storable(made));
        }),
        { numRuns: 60 },
      );
    });

    test("inside what is kept as one piece is no different", async () => {
      const { store } = world();
      await furnish(store);
      await store.consents.create(samples.consent(), NOTHING);
      const progress = { kind: "declined", atMs: 1, error: "a\0b\\u0000\ud800" } as const;
      const after = await store.consents.change(samples.CONSENT, () => ({ progress, records: NOTHING }));
      expect(after?.progress).toEqual({ ...progress, error: "a\uFFFDb\\u0000\uFFFD" });
      expect(await store.consents.find(samples.CONSENT)).toEqual(after);
      const second = app({ id: "ap_2" as never, name: "second", scopes: ["a\0"] });
      await store.apps.create(second, NOTHING);
      expect((await store.apps.find(second.id))?.scopes).toEqual(["a\uFFFD"]);
    });

    test("is found by what it was given as", async () => {
      const { store } = world();
      await store.apps.create(app({ name: "bo\0ks" }), NOTHING);
      await store.grants.create(grant({ subject: "per\0son" }), NOTHING);
      expect((await store.apps.findByName("bo\0ks"))?.id).toBe(APP);
      expect((await store.grants.findBySubject(APP, "per\0son"))?.id).toBe(GRANT);
      expect(await store.grants.token(`${VERSION}\0` as typeof VERSION)).toBeUndefined();
      expect(await store.callers.create(caller({ name: "x\0" }), NOTHING)).toBe("created");
      expect(await store.callers.create(caller({ id: "cl_2" as never, name: "x\0" }), NOTHING)).toBe("name-taken");
    });

    test("that does not fit breaks no audit chain", async () => {
      const { store } = world();
      const subject = { kind: "grant", id: "gr\0" as typeof GRANT } as const;
      const entry = { subject, atMs: 1, by: "caller:\0", event: "told\0", facts: { text: "a\0\ud800" } };
      await store.audit.write({ audit: [entry], notices: [] });
      expect(await store.audit.firstBroken()).toBeNull();
    });
  });
}
