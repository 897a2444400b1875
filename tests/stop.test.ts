import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { aWorld, type World } from "./kit/world.ts";

/** Somebody who began to ask for a token, and has sent half of it. */
async function aSlowCaller(world: World): Promise<Socket> {
  const socket = connect(Number(new URL(world.url).port), "127.0.0.1").on("error", () => undefined);
  const type = "Content-Type: application/x-www-form-urlencoded";
  const head = `POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\n${type}\r\nContent-Length: 100\r\n\r\n`;
  await new Promise((resolve) => socket.write(`${head}grant_type=`, resolve));
  return socket;
}

test("told to end, a node begins no further refresh, also while a slow caller keeps it from ending", async () => {
  await using world = await aWorld();
  await world.connected();
  await world.admin.put("/connections/acme/warm-hours", { kind: "always" });
  await world.advance("1h");
  const before = world.refreshes().length;
  expect(before).toBeGreaterThan(1);

  const caller = await aSlowCaller(world);
  expect((await world.askToken()).status).toBe(200);
  const stopped = world.stop();
  await expect.poll(() => world.askToken().catch(() => "no connection")).toBe("no connection");
  await world.advance("1h");
  expect({ alive: world.node.alive, refreshes: world.refreshes().length }).toEqual({ alive: true, refreshes: before });

  caller.destroy();
  await stopped;
});
