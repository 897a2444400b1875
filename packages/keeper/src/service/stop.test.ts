import { expect, test } from "vitest";
import { KeeperWorld } from "../testing/keeper-world.ts";
import { TENANT } from "../testing/scripted-provider.ts";

const HOUR_MS = 60 * 60_000;

const warmed = async (world: KeeperWorld): Promise<KeeperWorld> => {
  const before = world.refreshes().length;
  await world.keeper.connections.setWarm("acme", { kind: "always" }, "operator");
  await world.time.advance(HOUR_MS);
  expect(world.refreshes().length).toBeGreaterThan(before + 1);
  return world;
};
/** A connection whose token is kept fresh at all hours. */
const aWarmConnection = async () => await warmed(await new KeeperWorld().connected());

test("a stop begins no further refresh, though a provider's list that it waits for never comes", async () => {
  const world = await new KeeperWorld().connected();
  await world.time.advance(HOUR_MS);
  world.provider.appLinks = [TENANT];
  world.provider.links = () => new Promise(() => undefined);
  await world.keeper.apps.setScopes("app", ["accounting.settings", "offline_access", "app.connections"], "operator");
  await world.time.advance(1);
  await warmed(world);
  const before = world.refreshes().length;
  let stopped = false;
  void world.stop().then(() => {
    stopped = true;
  });
  await world.time.advance(HOUR_MS);
  expect({ stopped, begun: world.refreshes().length - before }).toEqual({ stopped: false, begun: 0 });
});

test("a node at rest begins no refresh by itself, and still makes one for whoever asks", async () => {
  const world = await aWarmConnection();
  world.rest();
  const before = world.refreshes().length;
  await world.time.advance(HOUR_MS);
  expect(world.refreshes()).toHaveLength(before);
  await world.token();
  expect(world.refreshes()).toHaveLength(before + 1);
  await world.stop();
});

test("a refresh that is on its way when a stop begins is finished first", async () => {
  const world = await aWarmConnection();
  const send = world.provider.send.bind(world.provider);
  let answer = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  world.provider.send = async (request, sent) => {
    const ending = await send(request, sent);
    await held;
    return ending;
  };
  const before = world.refreshes().length;
  while (world.refreshes().length === before) await world.time.advance(60_000);
  const stories = async () => (await world.keeper.connections.story("acme", 1)).events.map(({ event }) => event);
  let stopped = false;
  const stop = world.stop().then(() => {
    stopped = true;
  });
  await world.time.settle();
  expect([stopped, await stories()]).toEqual([false, ["attempt-begun"]]);
  answer();
  await stop;
  expect(await stories()).toEqual(["renewed"]);
});
