import type { CallerId, ConnectionId } from "@evergrant/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as arbitrary from "./arbitraries.ts";
import { app, CONNECTION, caller, connection, furnish, GRANT, grant, NOTHING, records } from "./samples.ts";
import type { StoreWorld } from "./store-world.ts";

const SUBJECT = { kind: "connection", id: CONNECTION } as const;
const SECOND = "cn_2" as ConnectionId;

export function describeConnections(world: () => StoreWorld): void {
  describe("connections", () => {
    describeKeeping(world);
    describeChanging(world);
  });
}

function describeKeeping(world: () => StoreWorld): void {
  test("a connection comes back as it went in, by id and by name", async () => {
    const { store } = world();
    await store.apps.create(app(), NOTHING);
    await store.grants.create(grant(), NOTHING);
    await fc.assert(
      fc.asyncProperty(arbitrary.storedConnection, async (stored) => {
        if ((await store.connections.find(stored.id)) !== undefined) return;
        if ((await store.connections.create(stored, NOTHING)) === "name-taken") return;
        expect(await store.connections.find(stored.id)).toEqual(stored);
        expect(await store.connections.findByName(stored.name)).toEqual(stored);
      }),
      { numRuns: 60 },
    );
  });

  test("a name is given once, also to twins", async () => {
    const { store } = world();
    await store.apps.create(app(), NOTHING);
    const answers = await Promise.all(
      [CONNECTION, SECOND].map((id) => store.connections.create(connection({ id }), records(SUBJECT, "added"))),
    );
    expect(answers.toSorted()).toEqual(["created", "name-taken"]);
    expect(await store.connections.list()).toHaveLength(1);
    expect(await store.audit.story(SUBJECT, 10)).toHaveLength(1);
  });

  test("the list is in order of age; a grant names all that stand on it", async () => {
    const { store } = world();
    await furnish(store);
    const older = connection({ id: SECOND, name: "older", grant: GRANT, createdAtMs: 29 });
    const other = connection({ id: "cn_3" as ConnectionId, name: "other", createdAtMs: 31 });
    await store.connections.create(other, NOTHING);
    await store.connections.create(older, NOTHING);
    const first = connection({ grant: GRANT });
    expect(await store.connections.list()).toEqual([older, first, other]);
    expect(await store.connections.ofGrant(GRANT)).toEqual([older, first]);
    expect(await store.connections.findByName("none")).toBeUndefined();
  });
}

function describeChanging(world: () => StoreWorld): void {
  test("fifty changes at the same moment are made one after the other", async () => {
    const { store } = world();
    await furnish(store);
    await Promise.all(
      Array.from({ length: 50 }, () =>
        store.connections.change(CONNECTION, (current) => ({
          connection: { ...current, consentEpoch: current.consentEpoch + 1 },
          records: NOTHING,
        })),
      ),
    );
    expect((await store.connections.find(CONNECTION))?.consentEpoch).toBe(50);
  });

  test("a change writes every field; its answer says whether there is such a connection", async () => {
    const { store } = world();
    await furnish(store);
    const tenant = { id: "t-1", name: "Acme", connectionId: "pc-1", consentEventId: null, updatedAtMs: 3 };
    const changed = connection({
      name: "acme-renamed",
      grant: null,
      tenants: [{ ...tenant, status: "gone", sinceMs: 4 }],
      expectedTenant: "t-1",
      consentEpoch: 2,
      disabledAtMs: 5,
      healthCheckedAtMs: 6,
    });
    expect(await store.connections.change(CONNECTION, () => ({ connection: changed, records: NOTHING }))).toBe(true);
    expect(await store.connections.find(CONNECTION)).toEqual(changed);
    expect(await store.connections.findByName("acme")).toBeUndefined();
    expect(await store.connections.change(SECOND, () => ({ connection: changed, records: NOTHING }))).toBe(false);
  });

  test("a change that is decided against, or throws, writes nothing", async () => {
    const { store } = world();
    await furnish(store);
    const before = await store.callers.epoch();
    expect(await store.connections.change(CONNECTION, () => null)).toBe(true);
    const thrown = store.connections.change(CONNECTION, () => {
      throw new RangeError("no");
    });
    await expect(thrown).rejects.toThrow(RangeError);
    expect(await store.connections.find(CONNECTION)).toEqual(connection({ grant: GRANT }));
    expect(await store.callers.epoch()).toBe(before);
  });

  test("a name that another has cannot be taken by a change", async () => {
    const { store } = world();
    await furnish(store);
    await store.connections.create(connection({ id: SECOND, name: "second" }), NOTHING);
    const renamed = store.connections.change(SECOND, (current) => ({
      connection: { ...current, name: "acme", consentEpoch: 9 },
      records: records(SUBJECT, "renamed"),
    }));
    await expect(renamed).rejects.toMatchObject({ code: "name_taken" });
    expect(await store.connections.find(SECOND)).toEqual(connection({ id: SECOND, name: "second" }));
    expect(await store.audit.story(SUBJECT, 10)).toEqual([]);
  });

  test("a removed connection is gone with the permissions to it, and its name is free", async () => {
    const { store } = world();
    await furnish(store);
    await store.connections.create(connection({ id: SECOND, name: "second" }), NOTHING);
    const permissions = [
      { connection: CONNECTION, right: "token" },
      { connection: SECOND, right: "gateway" },
    ] as const;
    await store.callers.create(caller({ permissions }), NOTHING);
    expect(await store.connections.remove(CONNECTION, records(SUBJECT, "removed"))).toBe(true);
    expect(await store.connections.find(CONNECTION)).toBeUndefined();
    expect((await store.callers.find("cl_1" as CallerId))?.permissions).toEqual([permissions[1]]);
    expect(await store.connections.create(connection({ id: "cn_3" as ConnectionId }), NOTHING)).toBe("created");
  });

  test("what is not there is not removed, and nothing is said about it", async () => {
    const { store } = world();
    expect(await store.connections.remove(CONNECTION, records(SUBJECT, "removed"))).toBe(false);
    expect(await store.audit.story(SUBJECT, 10)).toEqual([]);
  });
}
