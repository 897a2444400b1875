import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { lastingPort } from "../lasting-port.ts";
import { copyDataFolder, treeOf } from "./data-folder.ts";
import { installation, type RunsAs, serverUser } from "./installation.ts";
import { family, isRunning, signal } from "./processes.ts";
import { until } from "./waiting.ts";

export interface PostgresOptions {
  /** Lines of `postgresql.conf`, by name. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The superuser of every server of the kit. Tests alone know it, on loopback. */
export const SUPERUSER = { name: "postgres", password: "only-for-tests" } as const;

const READY_WITHIN_MS = 30_000;
const STARTS_AT_MOST = 5;

/** A real Postgres on loopback, its data in a folder that goes with it. */
export class PostgresServer implements AsyncDisposable {
  readonly data: string;
  readonly #native: string;
  readonly #user: RunsAs;
  readonly #scratch: string;
  #port = 0;
  #process: ChildProcess | null = null;
  #log = "";
  readonly #onExit = () => this.#endNow();

  /** A folder and the programs; no data and no process yet. */
  constructor() {
    this.#user = serverUser();
    this.#scratch = mkdtempSync(join(tmpdir(), "evergrant-postgres-"));
    this.#own(this.#scratch);
    this.#native = installation(this.#scratch, this.#user);
    this.data = join(this.#scratch, "data");
    process.once("exit", this.#onExit);
  }

  get port(): number {
    return this.#port;
  }

  /** The address of a database for its superuser. */
  url(database = "postgres"): string {
    return `postgres://${SUPERUSER.name}:${SUPERUSER.password}@127.0.0.1:${this.#port}/${database}`;
  }

  /** Fills the data folder; `initdb` of Postgres itself. */
  initialise(options: PostgresOptions = {}): void {
    const password = join(this.#scratch, "password");
    writeFileSync(password, SUPERUSER.password);
    this.#own(password);
    const args = ["-D", this.data, "-U", SUPERUSER.name, "-A", "scram-sha-256", `--pwfile=${password}`];
    const made = spawnSync(this.#program("initdb"), [...args, "-E", "UTF8", "--locale=C", "--no-sync"], {
      ...this.#user,
      env: ENVIRONMENT,
      encoding: "utf8",
    });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`);
    this.configure(options.settings ?? {});
  }

  /** Sets lines of the configuration; read at the next start or `pg_reload_conf()`. */
  configure(settings: Readonly<Record<string, string>>): void {
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`);
    writeFileSync(join(this.data, "postgresql.conf"), lines.join(""), { flag: "a" });
  }

  /** Starts it, the first time on a free port and ever after on the same, and waits until it answers. */
  async start(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const port = this.#port === 0 ? await lastingPort() : this.#port;
      this.#spawn(port);
      if (await this.#isReady()) {
        this.#port = port;
        return;
      }
      await this.kill();
      if (tries === STARTS_AT_MOST) throw new Error(`Postgres does not start:\n${this.#log}`);
    }
  }

  /** As a power cut: the server and all that it started, at once and without a word. */
  async kill(): Promise<void> {
    const pids = this.#family();
    signal(pids, "SIGKILL");
    await until(() => !pids.some(isRunning));
    this.#process = null;
  }

  /** Freezes every process of it: connections stay open and nobody answers. */
  pause(): void {
    signal(this.#family(), "SIGSTOP");
  }

  resume(): void {
    signal(this.#family(), "SIGCONT");
  }

  /** Ends it in order, its data stays: `start` takes it up again. */
  async stop(): Promise<void> {
    const pids = this.#family();
    signal(pids, "SIGCONT");
    signal(pids.slice(0, 1), "SIGINT");
    await until(() => !pids.some(isRunning), 5_000).catch(() => this.kill());
    this.#process = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pids = this.#family();
    signal(pids, "SIGCONT");
    // Immediate shutdown: it gives back what it holds of the machine, without a checkpoint that nobody reads.
    signal(pids.slice(0, 1), "SIGQUIT");
    await until(() => !pids.some(isRunning), 5_000).catch(() => this.kill());
    process.removeListener("exit", this.#onExit);
    this.#endNow();
  }

  /** One connection of its superuser for as long as `work` takes. */
  async connected<T>(work: (client: pg.Client) => Promise<T>, database = "postgres"): Promise<T> {
    const client = new pg.Client({ connectionString: this.url(database) });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  async query(sql: string, database = "postgres"): Promise<readonly Record<string, unknown>[]> {
    return this.connected(async (client) => (await client.query<Record<string, unknown>>(sql)).rows, database);
  }

  /** A database of this name, empty or a copy of another that nobody uses. */
  async createDatabase(name: string, template = "template1"): Promise<void> {
    await this.query(`create database ${name} template ${template}`);
  }

  async dropDatabase(name: string): Promise<void> {
    await this.query(`drop database if exists ${name} with (force)`);
  }

  /** Copies another server's data while that one runs, in place of its own, and follows it from then on. */
  async copyFrom(primary: PostgresServer, name: string): Promise<void> {
    rmSync(this.data, { recursive: true, force: true });
    await primary.connected(async (client) => {
      await client.query("select pg_backup_start($1, fast => true)", [name]);
      copyDataFolder(primary.data, this.data);
      const { rows } = await client.query("select labelfile, spcmapfile from pg_backup_stop()");
      writeFileSync(join(this.data, "backup_label"), String(rows[0]?.labelfile));
    });
    writeFileSync(join(this.data, "standby.signal"), "");
    const { name: user, password } = SUPERUSER;
    const source = `host=127.0.0.1 port=${primary.port} user=${user} password=${password} application_name=${name}`;
    this.configure({ primary_conninfo: source, synchronous_standby_names: "" });
    this.#ownTree();
  }

  #spawn(port: number): void {
    const own = ["-c", `port=${port}`, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="];
    // Shared memory in files of the data folder: a killed server leaves nothing else behind.
    const memory = ["-c", "dynamic_shared_memory_type=mmap", "-c", "shared_buffers=32MB"];
    this.#log = "";
    const child = spawn(this.#program("postgres"), ["-D", this.data, ...own, ...memory], {
      ...this.#user,
      env: ENVIRONMENT,
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.once("error", (error) => {
      this.#log += error.message;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#log = (this.#log + text).slice(-10_000);
    });
    this.#process = child;
  }

  // The last line of its lock file says what state it is in, for whoever waits for a start (as pg_ctl does).
  async #isReady(): Promise<boolean> {
    const child = this.#process;
    const ended = () =>
      child === null || child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
    const ready = () => {
      const lock = this.#lockFile();
      return lock[0] === String(child?.pid) && /^ready/.test(lock[7] ?? "");
    };
    await until(() => ended() || ready(), READY_WITHIN_MS);
    return !ended();
  }

  #lockFile(): readonly string[] {
    try {
      return readFileSync(join(this.data, "postmaster.pid"), "utf8").split("\n");
    } catch {
      return [];
    }
  }

  #family(): readonly number[] {
    const child = this.#process;
    return child?.pid === undefined || child.exitCode !== null || child.signalCode !== null ? [] : family(child.pid);
  }

  // The end of the test's own process: nothing can be waited for.
  #endNow(): void {
    signal(this.#family(), "SIGKILL");
    const segment = this.#lockFile()[6]?.trim().split(/\s+/)[1];
    // What a killed server leaves in the kernel: one small segment of shared memory.
    if (segment !== undefined && process.platform !== "win32") spawnSync("ipcrm", ["-m", segment]);
    rmSync(this.#scratch, { recursive: true, force: true, maxRetries: 5 });
  }

  #program(name: "initdb" | "postgres"): string {
    return join(this.#native, "bin", process.platform === "win32" ? `${name}.exe` : name);
  }

  #own(path: string): void {
    const { uid, gid } = this.#user;
    if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
  }

  #ownTree(): void {
    for (const path of treeOf(this.data)) this.#own(path);
  }
}

// Messages in English, and nothing of what the developer's own shell says about a Postgres.
const ENVIRONMENT: NodeJS.ProcessEnv = { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" };
