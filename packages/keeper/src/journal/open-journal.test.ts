import { type ChildProcess, spawn } from "node:child_process";
import { createSecretKey, hkdfSync } from "node:crypto";
import { once } from "node:events";
import { copyFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AttemptId,
  type ChainId,
  EvergrantError,
  type GrantId,
  Secret,
  type TokenVersionId,
} from "@evergrant/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JournalRecord } from "../ports/journal.ts";
import { realChance, realTime } from "../real-time.ts";
import { type AppendFile, type CreateAppendFile, createAppendFile } from "./durable-files.ts";
import type { JournalKeys } from "./journal-keys.ts";
import { type JournalPlace, type OpenJournal, openJournal } from "./open-journal.ts";

const CANARY = "canary-5d41402abc4b2a76b9719d911017c592";

let folder: string;
let opened: OpenJournal[];

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "journal-")), "journal");
  opened = [];
});

afterEach(async () => {
  await Promise.all(opened.map((journal) => journal.close().catch(() => undefined)));
  await rm(join(folder, ".."), { recursive: true, force: true });
});

describe("erasing records", () => {
  const isOf = (name: string) => (record: JournalRecord) => record.attempt === intent(name).attempt;

  it("leaves nothing of them but that their attempts are over; all others stay as they were, in their places", async () => {
    const journal = await open();
    for (const name of ["a", "b"]) {
      await journal.append(intent(name));
      await journal.append(answer(name));
    }
    await journal.append(settled("b"));
    expect(await journal.erase(isOf("a"))).toBe(2);
    const next = await journal.append(intent("c"));
    const entries = await journal.read();
    expect(next).toBe(6);
    expect(entries.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6]);
    const [first, second, ...others] = entries.map(({ record }) => record);
    for (const gone of [first, second]) expect(Object.keys(gone ?? {}).sort()).toEqual(["atMs", "attempt", "kind"]);
    expect(plain(others)).toEqual(plain([intent("b"), answer("b"), settled("b"), intent("c")]));
    await journal.close();
    expect(plain((await (await open()).read()).map(({ record }) => record))).toHaveLength(6);
  });

  it("takes the bytes that could be opened off the disk: the old key and header open nothing that is left", async () => {
    const journal = await open();
    await journal.append(answer("a"));
    const path = await newestSegment();
    const before = await readFile(path);
    await journal.erase(isOf("a"));
    const after = await readFile(path);
    const sealed = before.subarray(before.indexOf("\n") + 29);
    expect(after.includes(sealed)).toBe(false);
    expect(after.subarray(0, after.indexOf("\n")).equals(before.subarray(0, before.indexOf("\n")))).toBe(false);
    expect((await readdir(folder)).filter((name) => name.endsWith(".new"))).toEqual([]);
  });

  it("changes no file in which there is nothing to lose, and may be repeated", async () => {
    const journal = await open();
    await journal.append(intent("a"));
    const path = await newestSegment();
    await journal.erase(isOf("a"));
    const once = await readFile(path);
    expect(await journal.erase(isOf("a"))).toBe(0);
    expect((await readFile(path)).equals(once)).toBe(true);
  });

  it("loses no record that is appended at the same time", async () => {
    const journal = await open();
    const names = Array.from({ length: 40 }, (_, n) => `n${n}`);
    await Promise.all([
      ...names.map((name) => journal.append(intent(name))),
      journal.erase(isOf("n3")),
      ...names.map((name) => journal.append(settled(name))),
      journal.erase(isOf("n4")),
    ]);
    const entries = await journal.read();
    expect(entries.map(({ position }) => position)).toEqual(Array.from({ length: 80 }, (_, n) => n + 1));
  });
});

describe("a journal", () => {
  it("gives back every record after it was closed and opened again, at growing positions", async () => {
    const first = await open();
    const positions = [
      await first.append(intent("a")),
      await first.append(answer("a")),
      await first.append(settled("a")),
    ];
    await first.close();
    const second = await open();
    const next = await second.append(intent("b"));
    const entries = await second.read();

    expect(positions).toEqual([1, 2, 3]);
    expect(next).toBe(4);
    expect(entries.map(({ position }) => position)).toEqual([1, 2, 3, 4]);
    expect(plain(entries.map(({ record }) => record))).toEqual(
      plain([intent("a"), answer("a"), settled("a"), intent("b")]),
    );
    expect(second.node).toBe(first.node);
  });

  it("gives back whatever a record may hold", async () => {
    const journal = await open();
    const written: JournalRecord[] = [];
    await fc.assert(
      fc.asyncProperty(anyRecord, async (record) => {
        await journal.append(record);
        written.push(record);
      }),
      { numRuns: 60 },
    );
    expect(plain((await journal.read()).map(({ record }) => record))).toEqual(plain(written));
  });

  it("reads all former records when the process died anywhere inside the last one", async () => {
    const journal = await open();
    for (const name of ["a", "b", "c"]) await journal.append(intent(name));
    const lengthBefore = (await stat(await newestSegment())).size;
    await journal.append(answer("c"));
    await journal.close();
    const path = await newestSegment();
    const whole = await readFile(path);

    for (let length = whole.length - 1; length >= lengthBefore; length -= 1) {
      await truncate(path, length);
      const again = await open();
      expect(plain((await again.read()).map(({ record }) => record))).toEqual(
        plain([intent("a"), intent("b"), intent("c")]),
      );
      // What is appended after the cut is found behind it, and the cut stays where it was.
      expect(await again.append(settled("c"))).toBe(4);
      expect((await again.read()).map(({ record }) => record.kind)).toEqual(["intent", "intent", "intent", "settled"]);
      await again.close();
      await rm(await newestSegment());
      await writeFile(path, whole);
    }
  }, 60_000);

  it("passes over a segment whose beginning never came to disk", async () => {
    const first = await open();
    await first.append(intent("a"));
    await first.close();
    const header = (await readFile(await newestSegment())).subarray(0, 40);
    for (const content of [header, Buffer.alloc(0), Buffer.alloc(4096)]) {
      await writeFile(join(folder, "segment-000000000099.journal"), content);
      const journal = await open();
      expect((await journal.read()).map(({ record }) => record.kind)).toEqual(["intent"]);
      await journal.close();
      await rm(await newestSegment());
    }
  });

  it("refuses to pass over a damaged record when sound ones lie behind it", async () => {
    const journal = await open();
    await journal.append(intent("a"));
    const offset = (await stat(await newestSegment())).size;
    await journal.append(answer("a"));
    await journal.append(settled("a"));
    const path = await newestSegment();
    const whole = await readFile(path);
    // Any byte of the middle record: its mark, its length, its checksum, its content.
    for (const at of [0, 4, 9, 11, 15, 27, 28, 60]) {
      const damaged = Buffer.from(whole);
      damaged[offset + at] = (damaged[offset + at] ?? 0) ^ 0x41;
      await writeFile(path, damaged);
      await expect(journal.read()).rejects.toMatchObject({
        code: "journal_unreadable",
        detail: expect.stringMatching(/damaged/),
      });
    }
    await journal.close();
    await expect(open()).rejects.toMatchObject({ code: "journal_unreadable" });
  });

  it("notices that the end of a segment is gone when a later one was begun after it", async () => {
    const first = await open();
    await first.append(intent("a"));
    const lengthBefore = (await stat(await newestSegment())).size;
    await first.append(answer("a"));
    const path = await newestSegment();
    await first.close();
    const second = await open();
    await truncate(path, lengthBefore);
    await expect(second.read()).rejects.toMatchObject({ code: "journal_unreadable" });
  });

  it("never shows a secret in its files", async () => {
    const journal = await open();
    await journal.append({ ...intent("a"), spends: new Secret(CANARY) } as JournalRecord);
    await journal.append({ ...answer("a"), body: new Secret(`{"refresh_token":"${CANARY}"}`) } as JournalRecord);
    for (const name of await readdir(folder)) {
      const bytes = await readFile(join(folder, name));
      expect(bytes.includes(CANARY), name).toBe(false);
      expect(bytes.includes(Buffer.from(CANARY).toString("base64url").slice(2, 30)), name).toBe(false);
    }
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o077, name).toBe(0);
  });

  it("does not open a record that was moved to another segment of the same length", async () => {
    const journal = await open();
    await journal.append(intent("a"));
    const path = await newestSegment();
    await journal.close();
    const other = await open();
    await other.close();
    const header = (line: Buffer) => line.subarray(0, line.indexOf("\n") + 1);
    const moved = Buffer.concat([
      header(await readFile(await newestSegment())),
      (await readFile(path)).subarray(header(await readFile(path)).length),
    ]);
    await writeFile(
      await newestSegment(),
      Buffer.from(
        moved
          .toString("latin1")
          .replace('"firstPosition":2', '"firstPosition":1')
          .replace('"durableBefore":1', '"durableBefore":0'),
        "latin1",
      ),
    );
    await rm(path);
    await expect(open()).rejects.toMatchObject({ code: "journal_unreadable" });
  });

  it("begins a new segment when one is full, and reads across them", async () => {
    const journal = await open({ segmentBytes: 2_000 });
    for (let index = 0; index < 30; index += 1) await journal.append(answer(`n${index}`));
    expect((await segments()).length).toBeGreaterThan(3);
    const read = await journal.read();
    expect(read.map(({ record }) => record.attempt)).toEqual(Array.from({ length: 30 }, (_, index) => `n${index}`));
  });
});

describe("group commit", () => {
  it("lets all that arrive while one sync runs share the next", async () => {
    const disk = countedDisk();
    const journal = await open({ createFile: disk.createFile });
    const before = disk.syncs();
    const positions = await Promise.all(Array.from({ length: 200 }, (_, index) => journal.append(intent(`n${index}`))));
    expect(positions).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(disk.syncs() - before).toBe(2);
  });

  it("resolves an append only once a sync that began after its write has ended", async () => {
    const disk = countedDisk();
    const journal = await open({ createFile: disk.createFile });
    disk.holdSyncs();
    let done = false;
    const appended = journal.append(intent("a")).then(() => {
      done = true;
    });
    await disk.syncAsked();
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    disk.letSyncsGo();
    await appended;
    expect(done).toBe(true);
  });

  it("serves appends that follow one another without a pause", async () => {
    const journal = await open();
    const one = async (name: string) => {
      for (let index = 0; index < 20; index += 1) await journal.append(intent(`${name}${index}`));
    };
    await Promise.all(["a", "b", "c", "d"].map(one));
    expect(await journal.read()).toHaveLength(80);
  });
});

describe("a disk that fails", () => {
  it.each(["write", "sync"] as const)(
    "rejects the append whose %s failed and goes on in a new segment",
    async (operation) => {
      const disk = countedDisk();
      const journal = await open({ createFile: disk.createFile });
      await journal.append(intent("a"));
      disk.failNext(operation);
      await expect(journal.append(answer("a"))).rejects.toMatchObject({
        code: "journal_unwritable",
        detail: expect.stringContaining("ENOSPC"),
      });
      const before = (await segments()).length;
      await journal.append(answer("a"));
      await journal.append(settled("a"));
      expect((await segments()).length).toBe(before + 1);
      const kinds = (await journal.read()).map(({ record }) => record.kind);
      // A write whose sync failed may have come to disk all the same: it is read, never half.
      expect(kinds).toEqual(
        operation === "write" ? ["intent", "answer", "settled"] : ["intent", "answer", "answer", "settled"],
      );
      await journal.close();
      expect((await (await open()).read()).map(({ record }) => record.kind)).toEqual(kinds);
    },
  );

  it("rejects all appends that shared the failed sync", async () => {
    const disk = countedDisk();
    const journal = await open({ createFile: disk.createFile });
    disk.failNext("sync");
    const ends = await Promise.allSettled(["a", "b", "c"].map((name) => journal.append(intent(name))));
    expect(ends.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
  });

  it("says at start that the folder cannot be written", async () => {
    await writeFile(join(folder, "..", "file"), "");
    await expect(open({ folder: join(folder, "..", "file", "journal") })).rejects.toMatchObject({
      code: "journal_unwritable",
    });
  });

  it("takes nothing more once it is closed", async () => {
    const journal = await open();
    await journal.close();
    await expect(journal.append(intent("a"))).rejects.toMatchObject({ code: "journal_unwritable" });
  });
});

describe("the folder", () => {
  it("is held by one opener at a time", async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: "journal_held" });
    await first.close();
    await expect(open()).resolves.toBeDefined();
  });

  it("is held against other processes, and free again once its holder was killed", async () => {
    const holder = spawnHolder();
    const ended = once(holder, "exit");
    try {
      await lineOf(holder);
      await expect(open()).rejects.toMatchObject({ code: "journal_held" });
    } finally {
      holder.kill("SIGKILL");
      await ended;
    }
    const journal = await open();
    // What the holder was told is on disk is there, although it never ended well.
    expect((await journal.read()).map(({ record }) => record.attempt)).toEqual(["held"]);
  });

  it("refuses another deployment's store", async () => {
    await (await open()).close();
    await expect(open({ deployment: "dp_other" })).rejects.toMatchObject({ code: "journal_foreign" });
    await expect(open()).resolves.toBeDefined();
  });

  it("refuses a segment that another node wrote", async () => {
    await (await open()).close();
    const stranger = join(folder, "..", "stranger");
    await (await open({ folder: stranger })).close();
    await copyFile(join(stranger, "segment-000000000001.journal"), join(folder, "segment-000000000007.journal"));
    await expect(open()).rejects.toMatchObject({ code: "journal_foreign" });
  });

  it("refuses a key ring that lacks the key of a segment", async () => {
    const journal = await open();
    await journal.append(intent("a"));
    await journal.close();
    await expect(open({ ring: keysOf("kek-9") })).rejects.toMatchObject({ code: "kek_wrong" });
    await expect(open({ ring: keysOf("kek-1", 7) })).rejects.toBeInstanceOf(EvergrantError);
  });
});

describe("forgetting", () => {
  it("drops whole old segments whose attempts are all settled, and nothing else", async () => {
    const first = await open();
    for (const record of [intent("a", 10), answer("a", 11), settled("a", 12), intent("b", 13)])
      await first.append(record);
    await first.close();
    const second = await open();
    for (const record of [intent("c", 20), answer("c", 21), settled("c", 22)]) await second.append(record);
    await second.close();
    const third = await open();
    await third.append(intent("d", 90));
    await third.forgetBefore(50);
    expect(await attempts(third)).toEqual(["a", "a", "a", "b", "d"]);

    await third.append(settled("b", 91));
    await third.forgetBefore(50);
    expect(await attempts(third)).toEqual(["d", "b"]);
    expect(await third.append(settled("d", 92))).toBe(10);
  });

  it("keeps the end of an attempt as long as its beginning stays", async () => {
    const first = await open();
    for (const record of [intent("old", 1), intent("a", 2)]) await first.append(record);
    await first.close();
    const second = await open();
    await second.append(settled("a", 3));
    await second.close();
    const third = await open();
    await third.forgetBefore(50);
    expect(await attempts(third)).toEqual(["old", "a", "a"]);
  });

  it("I6 never discard: never drops an unsettled attempt, whatever came before or after", async () => {
    const events = fc.array(
      fc.record({ name: fc.constantFrom("a", "b", "c", "d"), roll: fc.boolean(), settle: fc.boolean() }),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(events, async (steps) => {
        const place = join(folder, "..", `f${Math.random()}`);
        let journal = await open({ folder: place });
        for (const [index, { name, roll, settle }] of steps.entries()) {
          await journal.append(settle ? settled(name, index) : intent(name, index));
          if (roll) {
            await journal.close();
            journal = await open({ folder: place });
          }
        }
        const openBefore = unsettled(await journal.read());
        await journal.forgetBefore(1_000);
        expect(unsettled(await journal.read())).toEqual(openBefore);
        await journal.close();
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

async function open(changes: Partial<JournalPlace> = {}): Promise<OpenJournal> {
  const place = {
    folder,
    ring: keysOf("kek-1"),
    deployment: "dp_1",
    time: realTime(),
    chance: realChance(),
    ...changes,
  };
  const journal = await openJournal(place);
  opened.push(journal);
  return journal;
}

function keysOf(id: string, fill = 1): JournalKeys {
  const key = createSecretKey(Buffer.alloc(32, fill));
  return {
    primaryId: id,
    has: (keyId) => keyId === id,
    derive: (_keyId, purpose) => createSecretKey(Buffer.from(hkdfSync("sha256", key, "", purpose, 32))),
  };
}

function intent(name: string, atMs = 1_000): JournalRecord {
  return {
    kind: "intent",
    attempt: name as AttemptId,
    subject: {
      kind: "grant",
      grant: "gr_1" as GrantId,
      chain: "ch_1" as ChainId,
      generation: 3,
      token: "tv_1" as TokenVersionId,
    },
    fence: 5,
    leaseUntilMs: 91_000,
    atMs,
    spends: new Secret(`spent-${name}`),
  };
}

function answer(name: string, atMs = 1_001): JournalRecord {
  const { subject } = intent(name) as Extract<JournalRecord, { kind: "intent" }>;
  return {
    kind: "answer",
    attempt: name as AttemptId,
    subject,
    status: 200,
    body: new Secret(`{"access_token":"${name}"}`),
    atMs,
  };
}

function settled(name: string, atMs = 1_002): JournalRecord {
  return { kind: "settled", attempt: name as AttemptId, atMs };
}

const text = fc.string({ unit: "grapheme", maxLength: 60 });
const subject = fc.oneof(
  fc.record({ kind: fc.constant("grant"), grant: text, chain: text, generation: fc.nat(), token: fc.option(text) }),
  fc.record({ kind: fc.constant("consent"), consent: text }),
);
const secret = text.map((value) => new Secret(value));
const anyRecord = fc.oneof(
  fc.record({
    kind: fc.constant("intent"),
    attempt: text,
    subject,
    fence: fc.nat(),
    leaseUntilMs: fc.nat(),
    atMs: fc.nat(),
    spends: fc.option(secret),
  }),
  fc.record({
    kind: fc.constant("answer"),
    attempt: text,
    subject,
    status: fc.integer({ min: 200, max: 599 }),
    body: secret,
    atMs: fc.nat(),
  }),
  fc.record({ kind: fc.constant("settled"), attempt: text, atMs: fc.nat() }),
) as fc.Arbitrary<JournalRecord>;

// Secrets compare by what they hold.
function plain(records: readonly JournalRecord[]): unknown {
  const shown = (value: unknown) => (value instanceof Secret ? { secret: value.reveal() } : value);
  return records.map((record) =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, shown(value)])),
  );
}

function unsettled(entries: readonly { readonly record: JournalRecord }[]): string[] {
  const begun = new Map<string, boolean>();
  for (const { record } of entries)
    if (record.kind !== "settled") begun.set(record.attempt, true);
    else begun.delete(record.attempt);
  return [...begun.keys()].sort();
}

async function attempts(journal: OpenJournal): Promise<string[]> {
  return (await journal.read()).map(({ record }) => record.attempt);
}

async function segments(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith("segment-")).sort();
}

async function newestSegment(): Promise<string> {
  return join(folder, (await segments()).at(-1) ?? "");
}

function countedDisk() {
  let syncs = 0;
  let failing: "write" | "sync" | null = null;
  let held: Promise<void> | null = null;
  let letGo = () => {};
  let asked = () => {};
  const syncAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const failIf = (operation: "write" | "sync") => {
    if (failing !== operation) return;
    failing = null;
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  };
  const createFile: CreateAppendFile = async (path) => {
    const file: AppendFile = await createAppendFile(path);
    return {
      write: async (bytes) => {
        // A failing write leaves a part behind, as a full disk does.
        if (failing === "write") await file.write(bytes.subarray(0, bytes.length / 2));
        failIf("write");
        await file.write(bytes);
      },
      sync: async () => {
        failIf("sync");
        if (held !== null) {
          asked();
          await held;
        }
        await file.sync();
        syncs += 1;
      },
      close: () => file.close(),
    };
  };
  return {
    createFile,
    syncs: () => syncs,
    failNext: (operation: "write" | "sync") => {
      failing = operation;
    },
    holdSyncs: () => {
      held = new Promise((resolve) => {
        letGo = resolve;
      });
    },
    syncAsked: () => syncAsked,
    letSyncsGo: () => letGo(),
  };
}

// A process of its own that opens the folder, appends one record, says so and stays.
function spawnHolder(): ChildProcess {
  const script = `
    import { createSecretKey, hkdfSync } from "node:crypto";
    import { openJournal } from ${JSON.stringify(new URL("./open-journal.ts", import.meta.url).href)};
    import { realChance, realTime } from ${JSON.stringify(new URL("../real-time.ts", import.meta.url).href)};
    const key = createSecretKey(Buffer.alloc(32, 1));
    const derive = (_id, purpose) => createSecretKey(Buffer.from(hkdfSync("sha256", key, "", purpose, 32)));
    const ring = { primaryId: "kek-1", has: () => true, derive };
    const journal = await openJournal({ folder: ${JSON.stringify(folder)}, ring, deployment: "dp_1", time: realTime(), chance: realChance() });
    await journal.append({ kind: "settled", attempt: "held", atMs: 1 });
    console.log("held");
    setInterval(() => {}, 1_000);
  `;
  return spawn(process.execPath, ["--conditions=@evergrant/source", "--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function lineOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("The child has no output.");
  const [chunk] = (await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(() => Promise.reject(new Error("The child ended before it held the folder."))),
  ])) as [Buffer];
  return chunk.toString();
}
