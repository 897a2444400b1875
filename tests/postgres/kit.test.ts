import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { startAsynchronousPair, startPostgres, startSynchronousPair } from "../kit/postgres.ts";

const write = "insert into kept (n) values (1)";
const count = async (rows: Promise<readonly Record<string, unknown>[]>) => Number((await rows)[0]?.["n"]);

describe("a server of the kit", () => {
  test("runs on loopback as somebody who is not root, and leaves nothing behind", async () => {
    const before = new Set(readdirSync(tmpdir()));
    let folder = "";
    {
      await using server = await startPostgres();
      folder = dirname(server.data);
      const [row] = await server.query(
        "select current_setting('fsync') as fsync, current_setting('listen_addresses') as at",
      );
      expect(row).toEqual({ fsync: "on", at: "127.0.0.1" });
      expect(existsSync(folder)).toBe(true);
    }
    expect(existsSync(folder)).toBe(false);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("evergrant-postgres-") && !before.has(name))).toEqual(
      [],
    );
  });

  test("keeps what was committed when it is killed, on the same port", async () => {
    await using server = await startPostgres();
    await server.query("create table kept (n int)");
    await server.query(write);
    const { port } = server;
    await server.kill();
    await expect(server.query("select 1")).rejects.toThrow();
    await server.start();
    expect(server.port).toBe(port);
    expect(await count(server.query("select n from kept"))).toBe(1);
  });

  test("answers nothing while it is frozen, and everything after", async () => {
    await using server = await startPostgres();
    await server.query("create table kept (n int)");
    server.pause();
    let answered = false;
    const asked = server.query(write).then(() => {
      answered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(answered).toBe(false);
    server.resume();
    await asked;
    expect(await count(server.query("select n from kept"))).toBe(1);
  });
});

describe("a pair of the kit", () => {
  test("with a synchronous standby: what was acknowledged is on the new primary, whose timeline is the next", async () => {
    await using pair = await startSynchronousPair();
    await pair.first.query("create table kept (n int)");
    await pair.first.query(write);
    await pair.killPrimary();
    await pair.promote();
    expect(await count(pair.second.query("select n from kept"))).toBe(1);
    const timeline = "select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as timeline";
    expect(await pair.second.query(timeline)).toEqual([{ timeline: "00000002" }]);
    await pair.second.query(write);
    await pair.revive();
    expect(await pair.first.query(timeline)).toEqual([{ timeline: "00000001" }]);
    expect(pair.url("x")).toMatch(/^postgres:\/\/postgres:[^@]+@127\.0\.0\.1:\d+,127\.0\.0\.1:\d+\/x$/);
  });

  test("with an asynchronous one: a standby that was cut off misses what was acknowledged meanwhile", async () => {
    await using pair = await startAsynchronousPair();
    await pair.first.query("create table kept (n int)");
    await pair.caughtUp();
    await pair.cutOff();
    await pair.first.query(write);
    await pair.killPrimary();
    await pair.promote();
    expect(await pair.second.query("select n from kept")).toEqual([]);
  });
});
