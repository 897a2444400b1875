import type { AppId, ConnectionId, ConsentId } from "@evergrant/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ListPlace } from "../../ports/list-place.ts";
import type { Store } from "../../ports/store.ts";
import { APP, app, CONNECTION, connection, consent, NOTHING, RECEIVED } from "./samples.ts";
import type { StoreWorld } from "./store-world.ts";

/** A list that is read page by page: how a row of an instant gets in, and how the list is read. */
interface PagedList {
  readonly order: "oldest first" | "newest first";
  add(store: Store, id: string, atMs: number): Promise<unknown>;
  page(store: Store, after: ListPlace | null, limit: number): Promise<readonly (ListPlace & { readonly id: string })[]>;
}

const held = { kind: "held", atMs: 1, because: ["new-tenant"], ...RECEIVED } as const;
const byAge = <Id extends string>(row: { readonly id: Id; readonly createdAtMs: number }) => ({
  ...{ id: row.id, atMs: row.createdAtMs },
});
const byStart = <Id extends string>(row: { readonly id: Id; readonly startedAtMs: number }) => ({
  ...{ id: row.id, atMs: row.startedAtMs },
});
const aConsent = (store: Store, id: string, startedAtMs: number) =>
  store.consents.create(consent({ id: id as ConsentId, startedAtMs, progress: held }), NOTHING);

const LISTS: Readonly<Record<string, PagedList>> = {
  apps: {
    order: "oldest first",
    add: (store, id, createdAtMs) => store.apps.create(app({ id: id as AppId, name: id, createdAtMs }), NOTHING),
    page: async (store, after, limit) => (await store.apps.page(after, limit)).map(byAge),
  },
  connections: {
    order: "oldest first",
    add: (store, id, createdAtMs) =>
      store.connections.create(connection({ id: id as ConnectionId, name: id, createdAtMs }), NOTHING),
    page: async (store, after, limit) => (await store.connections.page(after, limit)).map(byAge),
  },
  "consents that wait": {
    order: "oldest first",
    add: aConsent,
    page: async (store, after, limit) => (await store.consents.held(limit, after)).map(byStart),
  },
  "consents of a connection": {
    order: "newest first",
    add: aConsent,
    page: async (store, after, limit) => (await store.consents.ofConnection(CONNECTION, limit, after)).map(byStart),
  },
};

const instants = fc.array(fc.nat(9), { maxLength: 12 });

export function describePages(world: () => StoreWorld): void {
  describe.each(Object.entries(LISTS))("pages of %s", (_name, list) => {
    test("are together what was there, each row once and in order, whatever is added meanwhile", async () => {
      const { store } = world();
      // The app that connections and consents need; in the list of apps it is the newest.
      await store.apps.create(app({ id: APP, createdAtMs: 1e6 }), NOTHING);
      let added = 0;
      const add = async (atMs: readonly number[]) => {
        for (const each of atMs) {
          added += 1;
          await list.add(store, `row-${added}`, each);
        }
      };
      await fc.assert(
        fc.asyncProperty(instants, instants, fc.integer({ min: 1, max: 5 }), async (before, meanwhile, limit) => {
          await add(before);
          const there = await list.page(store, null, 10_000);
          expect(await list.page(store, null, limit)).toEqual(there.slice(0, limit));
          const read: ListPlace[] = [];
          const coming = [...meanwhile];
          for (let place: ListPlace | null = null, more = true; more; ) {
            const page: readonly ListPlace[] = await list.page(store, place, limit);
            read.push(...page);
            place = page.at(-1) ?? place;
            more = page.length === limit;
            await add(coming.splice(0, 1));
          }
          expect(new Set(read.map(({ id }) => id)).size).toBe(read.length);
          const known = new Set(there.map(({ id }) => id));
          expect(read.filter(({ id }) => known.has(id))).toEqual(there);
          const instantsRead = read.map(({ atMs }) => (list.order === "oldest first" ? atMs : -atMs));
          expect(instantsRead).toEqual(instantsRead.toSorted((a, b) => a - b));
        }),
        { numRuns: 12 },
      );
    });
  });
}
