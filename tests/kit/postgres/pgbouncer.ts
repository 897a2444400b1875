import { spawn } from "node:child_process";
import { accessSync, chownSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { serverUser } from "./installation.ts";
import { isRunning, signal } from "./processes.ts";
import { type PostgresServer, SUPERUSER } from "./server.ts";
import { freePort, until } from "./waiting.ts";

/** A PgBouncer in transaction mode before a server of the kit. */
export interface Pgbouncer extends AsyncDisposable {
  url(database: string): string;
}

/** Where this machine has a PgBouncer; null where it has none. */
export function findPgbouncer(): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  const found = folders.map((folder) => join(folder, "pgbouncer")).find(isExecutable);
  return found ?? null;
}

export async function startPgbouncer(program: string, server: PostgresServer): Promise<Pgbouncer> {
  const folder = mkdtempSync(join(tmpdir(), "evergrant-pgbouncer-"));
  const port = await freePort();
  const user = serverUser();
  const files = {
    "pgbouncer.ini": configuration(port, server.port, folder),
    users: `"${SUPERUSER.name}" "${SUPERUSER.password}"\n`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  if (user.uid !== undefined && user.gid !== undefined)
    for (const path of [folder, ...Object.keys(files).map((name) => join(folder, name))])
      chownSync(path, user.uid, user.gid);
  const child = spawn(program, [join(folder, "pgbouncer.ini")], { ...user, stdio: "ignore" });
  child.on("error", () => undefined);
  const end = () => {
    if (child.pid !== undefined) signal([child.pid], "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", end);
  await until(() => answers(port));
  return {
    url: (database) => server.url(database).replace(/:\d+\//, `:${port}/`),
    async [Symbol.asyncDispose]() {
      end();
      process.removeListener("exit", end);
      await until(() => child.pid === undefined || !isRunning(child.pid));
    },
  };
}

// Two connections for whatever number of clients: sessions are mixed as much as they can be.
function configuration(port: number, serverPort: number, folder: string): string {
  return `[databases]
* = host=127.0.0.1 port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, "users")}
pool_mode = transaction
default_pool_size = 2
server_login_retry = 1
`;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
