import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Which of these commands is on this machine; null where none is. */
export function findCommand(commands: readonly string[], versionArgument: string): string | null {
  return commands.find((command) => spawnSync(command, [versionArgument]).status === 0) ?? null;
}

export interface ProxyStart {
  readonly command: string;
  readonly arguments: (folder: string) => readonly string[];
  /** The configuration's file name in the folder, and its text. */
  readonly configuration: (folder: string) => { readonly name: string; readonly text: string };
}

/** One proxy process in a folder of its own, as whoever runs the test: no other user, nothing left behind. */
export async function startProxy(start: ProxyStart): Promise<AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), "evergrant-proxy-"));
  const { name, text } = start.configuration(folder);
  writeFileSync(join(folder, name), text);
  const home = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
  const child = spawn(start.command, start.arguments(folder), {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...home },
  });
  let said = "";
  child.stderr.on("data", (data: Buffer) => {
    said += data.toString();
  });
  const ended = once(child, "exit");
  const early = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 500))]);
  if (early !== undefined) throw new Error(`${start.command} did not start: ${said}`);
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An example of the documentation with what has to be changed in it changed; each of these has to be there. */
export function changed(example: string, changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the example does not say ${from}`);
    return text.replaceAll(from, to);
  }, example);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
