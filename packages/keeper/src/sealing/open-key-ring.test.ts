import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { realChance } from "../real-time.ts";
import { openKeyRing } from "./open-key-ring.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
const chance = realChance();

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kek-"));
  path = join(folder, "state", "kek");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const fromFile = (storeIsEmpty: boolean) => openKeyRing({ kind: "file", path }, { storeIsEmpty, chance });
const fromText = (value: string | undefined) =>
  openKeyRing({ kind: "environment", value }, { storeIsEmpty: false, chance });
const derived = (ring: Awaited<ReturnType<typeof fromFile>>, id = ring.primaryId, purpose = "p") =>
  ring.derive(id, purpose).export().toString("hex");

describe("a key file", () => {
  it("is made for an empty store, for its owner alone, and is the same at the next start", async () => {
    const first = await fromFile(true);
    const second = await fromFile(false);
    expect(derived(second)).toBe(derived(first));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, "state"))).toEqual(["kek"]);
  });

  it("is never made for a store that holds something", async () => {
    await expect(fromFile(false)).rejects.toMatchObject({ code: "kek_missing" });
    await expect(stat(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("is one file also when several processes start at once", async () => {
    const rings = await Promise.all(Array.from({ length: 8 }, () => fromFile(true)));
    expect(new Set(rings.map((ring) => derived(ring))).size).toBe(1);
  });

  it("is never overwritten, whatever stands in it", async () => {
    await fromFile(true);
    await writeFile(path, "not a key");
    await expect(fromFile(true)).rejects.toMatchObject({ code: "kek_malformed" });
    expect(await readFile(path, "utf8")).toBe("not a key");
  });

  it("that cannot be made says why", async () => {
    await writeFile(join(folder, "state"), "");
    await expect(fromFile(true)).rejects.toMatchObject({
      code: "kek_missing",
      detail: expect.stringContaining("ENOTDIR"),
    });
  });
});

describe("a key ring", () => {
  it("has the first key as its primary and opens with any", async () => {
    const ring = await fromText(`# rotated in spring\nnew:${Buffer.alloc(32, 8).toString("base64")}\r\n\nold:${KEY}\n`);
    expect(ring.primaryId).toBe("new");
    expect(ring.has("old")).toBe(true);
    expect(derived(ring, "old")).not.toBe(derived(ring, "new"));
    expect(derived(await fromText(`old:${KEY},x:${Buffer.alloc(32, 9).toString("base64")}`), "old")).toBe(
      derived(ring, "old"),
    );
  });

  it("gives a different key for each purpose and none for an unknown id", async () => {
    const ring = await fromText(`k:${KEY}`);
    expect(derived(ring, "k", "a")).not.toBe(derived(ring, "k", "b"));
    expect(() => ring.derive("other", "a")).toThrow(expect.objectContaining({ code: "kek_wrong" }));
  });

  it.each([
    ["a key that is too short", `k:${Buffer.alloc(31, 1).toString("base64")}`],
    ["a key that is too long", `k:${Buffer.alloc(33, 1).toString("base64")}`],
    ["foreign characters", `k:${KEY.replace("B", "*")}`],
    ["no id", `:${KEY}`],
    ["an id with a dot", `a.b:${KEY}`],
    ["a third part", `k:${KEY}:x`],
    ["one id twice", `k:${KEY}\nk:${KEY}`],
    ["comments alone", "# nothing"],
  ])("with %s is refused, and the error does not show it", async (_what, text) => {
    const error: unknown = await fromText(text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "kek_malformed" });
    expect(inspect(error, { depth: 9 })).not.toContain(KEY.slice(4, 30));
  });

  it.each([undefined, "", " \n"])("from an environment that gives %j is missing", async (value) => {
    await expect(fromText(value)).rejects.toMatchObject({ code: "kek_missing" });
  });

  it("does not show its keys, however it is printed", async () => {
    const ring = await fromText(`k:${KEY}`);
    const printed = `${inspect(ring, { depth: 9, showHidden: true })} ${JSON.stringify(ring)} ${String(ring)}`;
    expect(printed).not.toContain(KEY.slice(0, 20));
    expect(printed).not.toContain("07070707");
    expect(printed).not.toMatch(/07 07 07/);
  });
});
