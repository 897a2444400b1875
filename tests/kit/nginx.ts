import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where nginx is on this machine; null where it is not. */
export function findNginx(): string | null {
  const found = ["nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"].find(
    (command) => spawnSync(command, ["-v"]).status === 0,
  );
  return found ?? null;
}

/** One nginx process with a configuration for its `http` block, in a folder of its own. */
export async function startNginx(command: string, configure: (folder: string) => string): Promise<AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), "evergrant-nginx-"));
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (what) => `${what}_temp_path ${folder}/${what};`,
  );
  const http = ["access_log off;", ...places, configure(folder)].join("\n");
  writeFileSync(join(folder, "nginx.conf"), `pid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\n${http}\n}\n`);
  // One process, as whoever runs the test: no other user, nothing left behind.
  const settings = "daemon off; master_process off;";
  const child: ChildProcess = spawn(command, ["-p", folder, "-c", "nginx.conf", "-e", "stderr", "-g", settings], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr?.on("data", (data: Buffer) => {
    said += data.toString();
  });
  const ended = once(child, "exit");
  const early = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 500))]);
  if (early !== undefined) throw new Error(`nginx did not start: ${said}`);
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
