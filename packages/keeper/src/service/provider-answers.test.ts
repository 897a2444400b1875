import { Secret } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { KeeperWorld, refusal } from "../testing/keeper-world.ts";
import { json } from "../testing/scripted-provider.ts";

const MINUTE_MS = 60_000;

describe("what the provider may say", () => {
  test("a connection that was ended over there is noticed by its list, not by a refresh that still works", async () => {
    const world = await new KeeperWorld().connected();
    world.provider.connected = false;
    await world.time.advance(2 * 60 * MINUTE_MS);
    await world.token();
    await world.time.settle();
    expect((await world.keeper.connections.byName("acme")).status).toBe("tenant-gone");
    expect(await refusal(world.token())).toBe("consent_required");
    expect((await world.memory.audit.outbox(9)).map(({ notice }) => notice)).toContain("tenant-gone");
  });

  test("a wrong client secret is tried once per secret of the list, and the next one helps", async () => {
    const world = await new KeeperWorld().connected();
    await world.keeper.apps.addSecret("app", new Secret("newer-canary"), "operator");
    await world.time.advance(31 * MINUTE_MS);
    world.provider.script = [{ kind: "instead", ending: json(401, { error: "invalid_client" }) }];
    await world.token();
    const secrets = world.provider.requests.slice(-2).map(({ clientSecret }) => clientSecret?.reveal());
    expect(secrets).toEqual(["newer-canary", "secret-canary"]);
  });
});
