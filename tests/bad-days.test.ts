import { spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aCluster, type Cluster } from "./kit/cluster.ts";
import { type PostgresServer, startPostgres } from "./kit/postgres.ts";
import { aWorld, type World } from "./kit/world.ts";

const COMMAND = join(import.meta.dirname, "../packages/cli/src/evergrant.ts");
const TMPFS = 0x01021994;
const hasMemoryDisk = existsSync("/dev/shm") && statfsSync("/dev/shm").type === TMPFS;

/** A deployment on Postgres and one in a file, each with a grant that is due: whoever half starts on it would refresh. */
let server: PostgresServer;
let cluster: Cluster;
let world: World;
let scratch: string;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "evergrant-bad-days-"));
  server = await startPostgres({ settings: { fsync: "off" } });
  await server.createDatabase("evergrant");
  cluster = await aCluster(server.url("evergrant"), 1);
  await cluster.world.stop();
  world = await aWorld();
  await world.connected();
  await world.token();
  await world.stop();
  await world.advance("40m");
}, 120_000);
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

interface Start {
  readonly folder: string;
  readonly args?: readonly string[];
  /** Modules that the process loads first. */
  readonly preload?: string;
  /** How to ask the store for its deployments afterwards; left out where it cannot be asked. */
  readonly deployments?: () => Promise<number>;
}

interface BadDay {
  readonly code: string;
  readonly says: RegExp;
  /** What is in the store afterwards, as it was before. */
  readonly deployments?: number;
  start(): Promise<Start> | Start;
}

let folders = 0;
function newFolder(): string {
  folders += 1;
  const folder = join(scratch, `node-${folders}`);
  mkdirSync(folder);
  return folder;
}

async function copyOfDatabase(
  name: string,
  template = "evergrant",
): Promise<{ dsn: string; deployments(): Promise<number> }> {
  await server.createDatabase(name, template);
  return { dsn: server.url(name), deployments: () => deploymentsIn(name) };
}

async function deploymentsIn(database: string): Promise<number> {
  const [row] = await server.query("select to_regclass('deployment')::text as there", database);
  if (row?.["there"] == null) return 0;
  return Number((await server.query("select count(*)::int as n from deployment", database))[0]?.["n"]);
}

async function deploymentsOfFile(folder: string): Promise<number> {
  using file = new DatabaseSync(join(folder, "evergrant.db"), { readOnly: true });
  return Number(file.prepare("select count(*) as n from deployment").get()?.["n"]);
}

const DAYS: Readonly<Record<string, BadDay>> = {
  "a DSN of nobody": {
    code: "store_unopenable",
    says: /nothing listens there/,
    start: () => ({ folder: newFolder(), args: ["--store", "postgres://a:b@127.0.0.1:1/evergrant"] }),
  },
  "a DSN of another kind of database": {
    code: "store_unopenable",
    says: /postgres:\/\//,
    start: () => ({ folder: newFolder(), args: ["--store", "mysql://root@127.0.0.1/evergrant"] }),
  },
  "a role without rights": {
    code: "store_unopenable",
    says: /lacks rights/,
    deployments: 0,
    start: async () => {
      const { dsn, deployments } = await copyOfDatabase("rightless", "template1");
      await server.query("create role guest login password 'guest-only'");
      const args = ["--store", dsn.replace(/\/\/[^@]+@/, "//guest:guest-only@")];
      return { folder: newFolder(), args, deployments };
    },
  },
  "a schema of a later version": {
    code: "store_newer",
    says: /9999-later/,
    deployments: 1,
    start: async () => {
      const { dsn, deployments } = await copyOfDatabase("newer");
      await server.query(
        "insert into migration (name, position, compatible_from) values ('9999-later', 99, 100)",
        "newer",
      );
      return { folder: newFolder(), args: ["--store", dsn, ...keyOf(cluster.world)], deployments };
    },
  },
  "a clock that is ten seconds off the database's": {
    code: "clock_skewed",
    says: /10 s|9 s/,
    deployments: 0,
    start: async () => {
      const { dsn, deployments } = await copyOfDatabase("skewed", "template1");
      const preload = "data:text/javascript,const now = Date.now; Date.now = () => now() - 10_000;";
      return { folder: newFolder(), args: ["--store", dsn], preload, deployments };
    },
  },
  "a journal folder that cannot be one": {
    code: "journal_unwritable",
    says: /folder cannot be prepared/,
    deployments: 0,
    start: () => {
      const folder = newFolder();
      writeFileSync(join(folder, "journal"), "a file is in the way");
      return { folder, deployments: () => deploymentsOfFile(folder) };
    },
  },
  ...(hasMemoryDisk
    ? {
        "a journal folder on a memory disk": {
          code: "journal_on_memory",
          says: /memory disk/,
          deployments: 0,
          start: () => {
            const folder = mkdtempSync("/dev/shm/evergrant-bad-day-");
            return { folder, deployments: () => deploymentsOfFile(folder) };
          },
        },
      }
    : {}),
  "two deployments on one database": {
    code: "journal_foreign",
    says: /belongs to dp_/,
    deployments: 1,
    start: () => {
      // The folder of one deployment, and the database (and even the key) of the other.
      const args = ["--store", server.url("evergrant"), ...keyOf(cluster.world)];
      return { folder: world.folder, args, deployments: () => deploymentsIn("evergrant") };
    },
  },
  "a key that does not fit": {
    code: "kek_wrong",
    says: /Use the key that it was made with/,
    deployments: 1,
    start: () => {
      const args = ["--store", server.url("evergrant"), ...keyOf(world)];
      return { folder: newFolder(), args, deployments: () => deploymentsIn("evergrant") };
    },
  },
  "a key that is gone": {
    code: "kek_missing",
    says: /Put the key file back/,
    deployments: 1,
    start: () => {
      const folder = newFolder();
      copyFileSync(join(world.folder, "evergrant.db"), join(folder, "evergrant.db"));
      return { folder, deployments: () => deploymentsOfFile(folder) };
    },
  },
};

function keyOf(of: World): readonly string[] {
  const own = join(of.folder, "kek");
  return ["--kek-file", existsSync(own) ? own : cluster.kekFile];
}

/** The real command, as an operator starts it. */
async function evergrantStart({
  folder,
  args = [],
  preload,
}: Start): Promise<{ exitCode: number | null; err: string }> {
  const loaded = preload === undefined ? [] : ["--import", preload];
  const child = spawn(
    process.execPath,
    ["--conditions=@evergrant/source", ...loaded, COMMAND, "start", "--folder", folder, "--port", "0", ...args],
    { env: { ...process.env, NODE_OPTIONS: "" }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let err = "";
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  child.stdout.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  const tooLong = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const exitCode = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  clearTimeout(tooLong);
  return { exitCode, err };
}

/** All that the providers' token endpoints were asked, by whomever. */
function spent(): number {
  const sandboxes = [world.sandbox, cluster.world.sandbox];
  return sandboxes.flatMap(({ control }) => control.requests()).filter(({ endpoint }) => endpoint === "token").length;
}

/** What of a node's own is in a folder: a key, an operator's key, a journal that was begun. */
function made(folder: string): readonly string[] {
  const names = readdirSync(folder, { recursive: true }).map(String);
  return names.filter((name) => /(^|\/)(kek|operator-key|node|store|segment-\d+\.journal)$/.test(name)).toSorted();
}

describe("evergrant start, on a bad day", () => {
  test.each(Object.entries(DAYS))("%s: one sentence, and nothing is made or spent", async (_name, day) => {
    const start = await day.start();
    const before = { spent: spent(), made: made(start.folder) };
    const { exitCode, err } = await evergrantStart(start);
    expect(err).toContain(`[${day.code}]`);
    expect(err).toMatch(day.says);
    expect(err).toMatch(/^error: [^\n]+\n?$/);
    expect(exitCode).toBe(1);
    expect({ spent: spent(), made: made(start.folder) }).toEqual(before);
    if (start.deployments !== undefined) expect(await start.deployments()).toBe(day.deployments);
    if (start.folder.startsWith("/dev/shm/")) rmSync(start.folder, { recursive: true });
  });

  test("a journal folder that another node holds: one sentence, and that node goes on", async () => {
    await world.start();
    try {
      const before = world.refreshes().length;
      const { exitCode, err } = await evergrantStart({ folder: world.folder });
      expect(err).toMatch(/^error: [^\n]+ \[journal_held\]\n?$/);
      expect(exitCode).toBe(1);
      expect((await fetch(`${world.url}/readyz`)).status).toBe(200);
      expect(world.refreshes().length - before).toBeLessThanOrEqual(1);
      expect((await world.askToken()).status).toBe(200);
    } finally {
      await world.stop();
    }
  });
});
