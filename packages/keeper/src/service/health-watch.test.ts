import { describe, expect, test } from "vitest";
import { KeeperWorld } from "../testing/keeper-world.ts";
import { TENANT } from "../testing/scripted-provider.ts";
import { digest } from "./digest.ts";

const MINUTE_MS = 60_000;

describe("what the provider's list says of organisations", () => {
  const looked = async (world: KeeperWorld) => {
    await world.keeper.connections.checkHealth("acme");
    return await world.keeper.connections.byName("acme");
  };
  const told = async (world: KeeperWorld) =>
    (await world.keeper.connections.story("acme", 50)).events
      .filter(({ event }) => event.startsWith("tenant-") || event.startsWith("api-"))
      .map(({ event, facts }) => `${event} ${String(facts["name"])}`);

  test("one that was renamed, another that was added and went again, and one that went and came back are told once each", async () => {
    const world = await new KeeperWorld().connected();
    world.provider.tenantName = "Demo Company Ltd";
    world.provider.others = [{ ...TENANT, id: "t-other", name: "Other Books", connectionId: "c-2" }];
    expect(await looked(world)).toMatchObject({
      ...{ status: "connected", tenants: [{ name: "Demo Company Ltd" }] },
      alsoReached: [{ id: "t-other", name: "Other Books" }],
    });
    await looked(world);
    expect(await told(world)).toEqual(["tenant-also-reached Other Books", "tenant-renamed Demo Company Ltd"]);
    // What the token reaches besides is no organisation of the connection: its callers are not told of it.
    expect((await world.token()).tenants).toEqual([{ id: TENANT.id, name: "Demo Company Ltd" }]);
    world.provider.others = [];
    world.provider.connected = false;
    expect(await looked(world)).toMatchObject({ status: "tenant-gone", alsoReached: [] });
    world.provider.connected = true;
    expect((await looked(world)).status).toBe("connected");
    expect((await told(world)).toReversed().slice(2)).toEqual([
      "tenant-gone Demo Company Ltd",
      "tenant-no-longer-reached Other Books",
      "tenant-back Demo Company Ltd",
    ]);
  });

  test("a caller's claim starts a look, at most once a minute, and only the list marks an organisation gone", async () => {
    const world = await new KeeperWorld().connected();
    const { accessToken } = await world.token();
    const claim = () =>
      world.keeper.tokens.accessToken(world.connection, { refusedSha256: digest(accessToken) }).catch(() => null);
    const before = world.provider.lists;
    for (let times = 0; times < 5; times += 1) await claim();
    await world.time.settle();
    expect(world.provider.lists).toBe(before + 1);
    expect((await world.keeper.connections.byName("acme")).status).toBe("connected");
    world.provider.connected = false;
    await world.time.advance(MINUTE_MS + 1);
    await claim();
    await world.time.settle();
    expect((await world.keeper.connections.byName("acme")).status).toBe("tenant-gone");
  });

  test("refusals that the list does not explain are told apart from a dead grant, once a day", async () => {
    const world = await new KeeperWorld().connected();
    const { caller, clientSecret } = await world.keeper.callers.add({
      ...{ name: "night", by: "operator", permissions: [{ connection: "acme", right: "gateway" }] },
    });
    const credential = { kind: "secret", clientId: caller.id, secret: clientSecret } as const;
    const night = await world.keeper.callers.authenticate(credential, null);
    const ask = { connection: "acme", method: "GET", path: "/api.xro/2.0/Invoices", query: "", header: () => null };
    const call = await world.keeper.gateway.admit(night, ask);
    await world.token();
    const meet = async (status: number, detail: string) => {
      const meaning = call.meaning({ status, headers: {} }, `{"Detail":"${detail}"}`);
      await world.time.settle();
      await world.time.advance(2 * MINUTE_MS);
      return meaning;
    };
    for (let times = 0; times < 3; times += 1) {
      expect(await meet(403, "AuthenticationUnsuccessful")).toBe("tenant-refused");
      expect(await meet(401, "AuthorizationUnsuccessful")).toBe("scope-missing");
    }
    expect((await told(world)).toSorted()).toEqual([
      `api-access-refused ${TENANT.name}`,
      `api-scope-missing ${TENANT.name}`,
    ]);
    // That the token lacks something is told to people too; a role that was lost in one organisation is not.
    const { grant } = (await world.memory.connections.findByName("acme")) ?? {};
    expect(await world.memory.audit.outbox(99)).toMatchObject([
      { notice: "scope-missing", subject: { kind: "grant", id: grant }, facts: { missing: "" } },
    ]);
    expect(await world.keeper.connections.byName("acme")).toMatchObject({ status: "connected", trouble: null });
    expect(world.refreshes()).toEqual([]);
  });
});
