import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aClientWorld, type ClientWorld, SECRET } from "../testing/client-world.ts";

const MINUTE = 60_000;
let world: ClientWorld;
let folder: string;
let path: string;
beforeEach(() => {
  world = aClientWorld();
  folder = mkdtempSync(join(tmpdir(), "evergrant-client-"));
  path = join(folder, "deep", "tokens.json");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** One process's life: it gets a token, and leaves its snapshot. */
async function anEarlierLife(more: Parameters<ClientWorld["client"]>[0] = {}): Promise<string> {
  await using client = world.client({ snapshot: { path }, ...more });
  return (await client.accessToken()).accessToken.reveal();
}

/** What a later process gives while Evergrant is down: a token, or a code. */
async function laterLife(more: Parameters<ClientWorld["client"]>[0] = {}): Promise<string> {
  world.evergrant.instead = () => "down";
  await using client = world.client({ snapshot: { path }, ...more });
  let came: string | null = null;
  const asking = client.accessToken().then(
    (token) => {
      came = token.accessToken.reveal();
    },
    (error) => {
      came = String(error.code);
    },
  );
  while (came === null) await world.time.advance(100);
  await asking;
  return came;
}

const troubles = () =>
  world.notices.flatMap((notice) => (notice.kind === "snapshot-trouble" ? [notice.error.code] : []));

describe("a snapshot", () => {
  it("gives a restarted process its token while Evergrant is down, until it expires, and then says so", async () => {
    const token = await anEarlierLife();
    await world.time.advance(20 * MINUTE);
    expect(await laterLife()).toBe(token);
    expect(world.unable).toEqual([]);
    await world.time.advance(10 * MINUTE);
    expect(await laterLife()).toBe("evergrant_unreachable");
    expect(world.unable).toMatchObject([{ connection: "acme", error: { code: "evergrant_unreachable" } }]);
  });

  it("is renewed at once where Evergrant answers", async () => {
    const token = await anEarlierLife();
    await using client = world.client({ snapshot: { path } });
    expect((await client.accessToken()).accessToken.reveal()).toBe(token);
    await world.time.settle();
    expect((await client.accessToken()).accessToken.reveal()).not.toBe(token);
  });

  it("is for this user alone, shows nothing, and leaves no draft", async () => {
    const token = await anEarlierLife();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, "deep"))).toEqual(["tokens.json"]);
    const text = readFileSync(path, "utf8");
    for (const hidden of [token, SECRET, "nightly", "evergrant.example", "acme", "Books of"])
      expect(text).not.toContain(hidden);
  });

  it("loses a token that Evergrant refuses", async () => {
    await anEarlierLife();
    const { evergrant, time } = world;
    {
      await using client = world.client({ snapshot: { path } });
      evergrant.instead = () =>
        Response.json(
          { error: "invalid_target", error_description: "No.", code: "connection_not_available" },
          { status: 400 },
        );
      await client.accessToken();
      await time.settle();
    }
    expect(await laterLife()).toBe("evergrant_unreachable");
  });

  it("of another caller or deployment is refused and left alone", async () => {
    await anEarlierLife();
    const before = readFileSync(path, "utf8");
    expect(await laterLife({ clientId: "somebody" })).toBe("evergrant_unreachable");
    expect(troubles()).toEqual(["snapshot_foreign"]);
    world.evergrant.instead = null;
    await anEarlierLife({ clientId: "somebody" });
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  it("sealed with another key is refused, and replaced by the next token", async () => {
    await anEarlierLife();
    expect(await laterLife({ clientSecret: "another-secret" })).toBe("evergrant_unreachable");
    expect(troubles()).toEqual(["snapshot_key_changed"]);
    world.evergrant.instead = null;
    const token = await anEarlierLife({ clientSecret: "another-secret" });
    expect(await laterLife({ clientSecret: "another-secret" })).toBe(token);
  });

  it("can have a key of its own, which outlives the client secret", async () => {
    const key = Buffer.alloc(32, 7).toString("base64");
    const token = await anEarlierLife({ snapshot: { path, key } });
    expect(await laterLife({ snapshot: { path, key }, clientSecret: "rolled-over" })).toBe(token);
    expect(() => world.client({ snapshot: { path, key: "short" } })).toThrow(/32 bytes/);
  });

  it("of a newer version is refused and left alone", async () => {
    await anEarlierLife();
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), version: 2 }));
    const before = readFileSync(path, "utf8");
    expect(await laterLife()).toBe("evergrant_unreachable");
    world.evergrant.instead = null;
    await anEarlierLife();
    expect(troubles()).toEqual(["snapshot_newer", "snapshot_newer"]);
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  it("is refused when the clock shows less than when it was written", async () => {
    await anEarlierLife();
    const { time } = world;
    const putBack = {
      wallMs: () => time.wallMs() - 5 * MINUTE,
      monotonicMs: () => time.monotonicMs(),
      setTimer: (delayMs: number, fire: () => void) => time.setTimer(delayMs, fire),
    };
    expect(await laterLife({ time: putBack })).toBe("evergrant_unreachable");
  });

  it("with any byte changed is refused, and never a token that was not in it", async () => {
    world.evergrant.lifeMs = 24 * 60 * MINUTE;
    const token = await anEarlierLife();
    const whole = readFileSync(path, "utf8");
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 2), fc.constantFrom("A", "0", '"', "}", ""), async (at, other) => {
        const damaged = whole.slice(0, at) + other + whole.slice(at + 1);
        writeFileSync(path, damaged);
        const got = await laterLife();
        // A bit of base64 that nothing reads is no damage.
        if (damaged === whole || troubles().length === 0) expect(got).toBe(token);
        else expect(got).toBe("evergrant_unreachable");
        world.notices.length = 0;
        world.unable.length = 0;
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it("whose place is no folder is told, and tokens are served from memory", async () => {
    writeFileSync(join(folder, "deep"), "a file where a folder should be");
    expect(await anEarlierLife()).toMatch(/^acme\./);
    expect(troubles()).toContain("snapshot_unwritable");
  });
});
