import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventually } from "./kit/eventually.ts";
import { SMALL_DISKS, type SmallDisk } from "./kit/small-disk.ts";
import { aWorld, DEMO_COMPANY, type World } from "./kit/world.ts";

/** What lies on the disk that gets full: the journal alone, or all but the journal. */
const FILES = ["the journal", "the store's file"] as const;
type Files = (typeof FILES)[number];

describe.each(SMALL_DISKS)("a disk that is full: $name", (disk) => {
  if (disk.lacks !== null) {
    const { lacks } = disk;
    test("works here", (context) => context.skip(lacks));
    return;
  }

  test.each(disk.isEverywhere ? FILES.slice(1) : FILES)(
    "%s: no refresh is started and readiness says so; tokens are served; with space again all goes on",
    async (files) => {
      await using world = await aWorld({ policy: "scaled" });
      const folder = await connectedOn(disk, world, files);
      const token = await world.token();
      disk.fill(world.node.pid, folder);
      // What is left of a last page may take one record more.
      for (let tries = 0; tries < 3 && (await readiness(world)).refreshing; tries += 1) await world.advance("41s");
      expect(await readiness(world)).toMatchObject({ serving: true, refreshing: false });
      const refreshes = world.refreshes().length;
      expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
      await world.advance("61s");
      expect((await world.askToken()).status).toBe(503);
      expect(await readiness(world)).toMatchObject({ serving: false, refreshing: false });
      expect(world.refreshes()).toHaveLength(refreshes);

      disk.free(world.node.pid, folder);
      await world.advance("10s");
      await eventually(async () => expect((await world.askToken()).status).toBe(200));
      expect(await readiness(world)).toMatchObject({ serving: true, refreshing: true });
      const after = await world.token();
      expect(after.access_token).not.toBe(token.access_token);
      expect(await world.organisation(after)).toEqual({ status: 200, name: DEMO_COMPANY });
      await world.advance("122s");
      expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, lostGrants: [] });
    },
  );
});

async function connectedOn(disk: SmallDisk, world: World, files: Files): Promise<string> {
  const journal = join(world.folder, "journal");
  mkdirSync(journal, { mode: 0o700 });
  const folder = files === "the journal" ? journal : world.folder;
  await world.start(undefined, disk.launcher(folder, files === "the journal" ? undefined : journal));
  const key = "operator-key";
  // The node wrote it on the disk that only it sees.
  const seen = join(`/proc/${world.node.pid}/root`, world.folder, key);
  if (folder === world.folder && !disk.isEverywhere) copyFileSync(seen, join(world.folder, key));
  const { url } = await world.setUp();
  await world.consents(url, "jane@demo.example", DEMO_COMPANY);
  return folder;
}

async function readiness(world: World): Promise<{ serving: boolean; refreshing: boolean }> {
  return (await (await fetch(`${world.url}/readyz`)).json()) as { serving: boolean; refreshing: boolean };
}
