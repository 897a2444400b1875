import { expect, test } from "vitest";
import { KeeperWorld } from "../testing/keeper-world.ts";

test("what a caller may is in the audit, when it is added and each time it is set anew", async () => {
  const world = await new KeeperWorld().connected();
  const permissions = [{ connection: "acme", right: "token" }] as const;
  const { caller } = await world.keeper.callers.add({ name: "night", permissions, by: "operator" });
  const only = { tenants: null, methods: ["GET"], paths: null };
  await world.keeper.callers.setPermissions(caller.id, [{ connection: "acme", right: "gateway", only }], "operator");
  const story = await world.memory.audit.story({ kind: "caller", id: caller.id }, 9);
  expect(story.map(({ event, facts }) => [event, facts["permissions"]])).toEqual([
    ["caller-permissions-set", "gateway:acme[methods=GET]"],
    ["caller-added", "token:acme"],
  ]);
});
