import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AddedCaller, Keys } from "@evergrant/contract";
import { expect, test } from "vitest";
import { eventually } from "./kit/eventually.ts";
import { aWorld, DEMO_COMPANY, type World } from "./kit/world.ts";

const keysOf = (world: World) => world.admin.get<Keys>("/keys");
const wrappings = (world: World): readonly string[] => {
  const database = new DatabaseSync(join(world.folder, "evergrant.db"), { readOnly: true });
  try {
    const all = 'select data_key as k from "grant" union select data_key from app union select data_key from consent';
    const answers = "select data_key from idempotent_create union select key_check from deployment";
    const rows = database.prepare(`${all} union ${answers}`).all();
    return rows.map(({ k }) => String(k).split(".")[0] ?? "");
  } finally {
    database.close();
  }
};

test("a key is rotated while tokens are served and refreshed, and retired once nothing needs it any more", async () => {
  await using world = await aWorld();
  await world.connected();
  const [first] = (await keysOf(world)).keys;
  const old = first?.id ?? "";
  const stop = { now: false };
  const serving = (async () => {
    for (; !stop.now; ) await world.token();
  })();
  const create = () => world.admin.post<AddedCaller>("/callers", { name: "reports" }, "key-1");
  const { clientSecret } = await create();
  const rotated = await world.admin.post<Keys>("/keys/rotate");
  const fresh = rotated.keys.find(({ primary }) => primary)?.id ?? "";
  expect(fresh).not.toBe(old);
  await eventually(async () => expect((await keysOf(world)).reseal).toMatchObject({ running: false, left: 0 }));
  expect(new Set(wrappings(world))).toEqual(new Set([fresh]));
  await world.advance("31m");
  stop.now = true;
  await serving;
  expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });

  // Its journal still holds what the old key sealed: for as long as that is kept the key is.
  await expect(world.admin.post(`/keys/${old}/retire`)).rejects.toThrow(/key_in_use.*the journal needs it/);
  await expect(world.admin.post(`/keys/${fresh}/retire`)).rejects.toThrow(/key_in_use.*it is the primary/);
  await world.stop();
  await world.start();
  expect((await keysOf(world)).keys.find(({ primary }) => primary)?.id).toBe(fresh);
  expect((await create()).clientSecret).toBe(clientSecret);
  await world.advance("61d");
  await world.stop();
  await world.start();
  const retired = await world.admin.post<Keys>(`/keys/${old}/retire`);
  expect(retired.keys.map(({ id }) => id)).toEqual([fresh]);
  expect(readFileSync(join(world.folder, "kek"), "utf8")).not.toContain(old);
  await world.stop();
  await world.start();
  expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
  expect(world.sandbox.control.verify()).toMatchObject({ lostGrants: [] });
});

test("a reseal that is cut off goes on at the next start", async () => {
  await using world = await aWorld();
  await world.connected();
  for (let n = 0; n < 5; n += 1) await world.connection(`more-${n}`).then(() => world.link(`more-${n}`));
  const rotating = world.admin.post<Keys>("/keys/rotate").catch(() => null);
  await world.kill();
  await rotating;
  await world.start();
  await eventually(async () => expect((await keysOf(world)).reseal).toMatchObject({ running: false, left: 0 }));
  const { keys } = await keysOf(world);
  expect(new Set(wrappings(world))).toEqual(new Set([keys.find(({ primary }) => primary)?.id]));
  expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
});
