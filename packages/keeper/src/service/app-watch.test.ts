import { EvergrantError, Secret } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { KeeperWorld } from "../testing/keeper-world.ts";
import { TENANT } from "../testing/scripted-provider.ts";

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const SOMEBODYS = { ...TENANT, id: "t-other", name: "Other Books", connectionId: "c-9", consentEventId: "ev-9" };

describe("where an app may list all its connections", () => {
  /** A connection that nobody has used for an hour, of an app with the scope. */
  const idle = async (links: KeeperWorld["provider"]["appLinks"] = [TENANT]) => {
    const world = await new KeeperWorld().connected();
    await world.time.advance(HOUR_MS);
    world.provider.appLinks = links;
    await world.keeper.apps.setScopes("app", ["accounting.settings", "offline_access", "app.connections"], "operator");
    await world.time.advance(1);
    return world;
  };
  const acme = (world: KeeperWorld) => world.keeper.connections.byName("acme");
  const told = async (world: KeeperWorld) =>
    (await world.keeper.connections.story("acme", 50)).events
      .filter(({ event }) => event.startsWith("tenant-"))
      .map(({ event, facts }) => `${event} ${String(facts["name"])}`)
      .toReversed();
  const toldOfApp = async (world: KeeperWorld) => {
    const [app] = await world.keeper.apps.list();
    return (await world.memory.audit.story({ kind: "app", id: app?.id ?? "" }, 50))
      .filter(({ event }) => event.startsWith("app-connections-"))
      .map(({ event, facts }) => [event, facts["detail"]].filter((word) => word !== undefined).join(" "))
      .toReversed();
  };

  test("an idle connection is looked at each hour, and nothing of its grant is spent or asked with", async () => {
    const world = await idle();
    const { lists } = world.provider;
    expect(world.provider.appLists).toBe(1);
    await world.time.advance(3 * HOUR_MS);
    expect(world.provider.appLists).toBe(4);
    const looked = await world.memory.connections.findByName("acme");
    expect(world.time.wallMs() - (looked?.healthCheckedAtMs ?? 0)).toBeLessThan(HOUR_MS);

    world.provider.appLinks = [{ ...TENANT, name: "Demo Company Ltd" }, SOMEBODYS];
    await world.time.advance(HOUR_MS);
    world.provider.appLinks = [SOMEBODYS];
    await world.time.advance(HOUR_MS);
    expect((await acme(world)).status).toBe("tenant-gone");
    world.provider.appLinks = [{ ...TENANT, name: "Demo Company Ltd" }];
    await world.time.advance(HOUR_MS);
    expect(await acme(world)).toMatchObject({ status: "connected", trouble: null });
    expect(await told(world)).toEqual([
      "tenant-renamed Demo Company Ltd",
      "tenant-gone Demo Company Ltd",
      "tenant-back Demo Company Ltd",
    ]);
    expect([world.refreshes(), world.provider.lists - lists]).toEqual([[], 0]);
  });

  test("the same organisation connected by somebody else keeps nobody's connection alive, once that person is known", async () => {
    const world = await idle();
    // Another person's, not known here: it may be Jane's, connected anew, so nothing is said of hers.
    world.provider.appLinks = [{ ...TENANT, connectionId: "c-2", consentEventId: "ev-2" }, SOMEBODYS];
    await world.time.advance(HOUR_MS);
    expect((await acme(world)).status).toBe("connected");
    // The same consent, under another id: hers.
    world.provider.appLinks = [{ ...TENANT, connectionId: "c-3" }];
    await world.time.advance(HOUR_MS);
    expect((await acme(world)).tenants).toMatchObject([{ connectionId: "c-3", status: "connected" }]);
  });

  test("an organisation that somebody connected besides is looked for with each grant's own token, at its next renewal", async () => {
    const world = await idle();
    world.provider.appLinks = [TENANT, SOMEBODYS];
    world.provider.others = [SOMEBODYS];
    await world.time.advance(HOUR_MS);
    expect(await told(world)).toEqual([]);
    await world.token();
    await world.time.settle();
    expect(await told(world)).toEqual(["tenant-also-reached Other Books"]);
    const { lists } = world.provider;
    // Known now: it stays told, and is gone when the list says so.
    await world.time.advance(HOUR_MS);
    world.provider.appLinks = [TENANT];
    await world.time.advance(HOUR_MS);
    expect(await told(world)).toEqual(["tenant-also-reached Other Books", "tenant-no-longer-reached Other Books"]);
    expect(world.provider.lists).toBe(lists);
  });

  test("a list that never named a connection of ours proves nothing, one that did proves what it leaves out", async () => {
    const world = await idle([]);
    await world.time.advance(2 * HOUR_MS);
    expect((await acme(world)).status).toBe("connected");
    world.provider.appLinks = [TENANT];
    await world.time.advance(HOUR_MS);
    world.provider.appLinks = [];
    await world.time.advance(HOUR_MS);
    expect((await acme(world)).status).toBe("tenant-gone");
  });

  test.each([
    ["the app is not given the scope", { error: "invalid_scope" }, "invalid_scope"],
    ["the app is refused as such", { error: "unauthorized_client" }, "unauthorized_client"],
    ["its secret is wrong", { error: "invalid_client" }, "invalid_client"],
    ["even this is refused like a grant", { error: "invalid_grant" }, "invalid_grant"],
    ["the API does not take such a token", "api-refuses", "401 AuthorizationUnsuccessful"],
  ] as const)(
    "when %s, it is told once, no grant suffers, and each looks by itself as before",
    async (_, refusal, said) => {
      const world = await idle(refusal);
      await world.time.advance(5 * HOUR_MS);
      expect(await toldOfApp(world)).toEqual([`app-connections-refused ${said}`]);
      expect(await acme(world)).toMatchObject({ status: "connected", trouble: null });
      const { lists } = world.provider;
      world.provider.connected = false;
      await world.token();
      await world.time.settle();
      expect(world.provider.lists).toBe(lists + 1);
      expect((await acme(world)).status).toBe("tenant-gone");
      world.provider.appLinks = [TENANT];
      await world.time.advance(HOUR_MS);
      expect(await toldOfApp(world)).toEqual([`app-connections-refused ${said}`, "app-connections-listed"]);
    },
  );

  test("a provider or a store that is away says nothing, and the next hour is looked at again", async () => {
    const world = await idle();
    world.provider.script = [{ kind: "lose" }];
    world.provider.appLinks = [];
    await world.time.advance(HOUR_MS);
    expect([(await acme(world)).status, await toldOfApp(world)]).toEqual(["connected", []]);
    world.storeDown = true;
    await world.time.advance(HOUR_MS);
    world.storeDown = false;
    await world.time.advance(HOUR_MS);
    expect((await acme(world)).status).toBe("tenant-gone");
  });

  test("without the scope, or without a secret to prove who the app is, it is never asked", async () => {
    const world = await new KeeperWorld().connected();
    world.provider.appLinks = [TENANT];
    await world.time.advance(DAY_MS);
    expect(world.provider.appLists).toBe(0);
    expect(world.provider.requests.filter(({ grant }) => grant.kind === "client_credentials")).toEqual([]);
  });

  test("a grant that waits for its person is not looked at", async () => {
    const world = await idle();
    await world.time.advance(61 * DAY_MS);
    const connection = await world.memory.connections.findByName("acme");
    await world.memory.grants.change(connection?.grant ?? ("" as never), ({ state }) => {
      if (state.kind !== "live") throw new EvergrantError("consent_required");
      const lost = { ...state, kind: "consent-needed", reason: "lapsed", sinceMs: world.time.wallMs() } as const;
      return {
        change: { state: lost, lease: null, dueAtMs: null, tokens: [], records: { audit: [], notices: [] } },
        result: 0,
      };
    });
    world.provider.appLinks = [SOMEBODYS];
    await world.time.advance(HOUR_MS);
    expect((await acme(world)).tenants).toMatchObject([{ status: "connected" }]);
  });

  test("no person is asked for that scope, and none is said to lack it", async () => {
    const world = await idle();
    world.provider.scope = "accounting.settings offline_access";
    await world.keeper.connections.create({ name: "second", app: "app", expectedTenant: null, by: "operator" });
    const { url } = await world.keeper.consents.createLink({ connection: "second", accept: "ask", by: "operator" });
    const { authorizeUrl } = await world.keeper.consents.begin(
      new Secret(url.split("/").at(-1) ?? ""),
      new Secret("b"),
    );
    expect(new URL(authorizeUrl).searchParams.get("scope")).toBe("accounting.settings offline_access");
    expect((await acme(world)).missingScopes).toEqual([]);
  });

  test("an operator's look at a connection that was gone, and has no token, goes by the app's list", async () => {
    const world = await idle();
    world.provider.appLinks = [];
    await world.time.advance(HOUR_MS);
    expect((await acme(world)).status).toBe("tenant-gone");
    world.provider.appLinks = [TENANT];
    expect((await world.keeper.connections.checkHealth("acme")).status).toBe("connected");
    expect(world.refreshes()).toEqual([]);
  });
});
