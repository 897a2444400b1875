import { spawnSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A way to give a process a disk that can be filled. */
export interface SmallDisk {
  readonly name: string;
  /** Null: this machine can do it. */
  readonly lacks: string | null;
  /** It fills for everything that the process writes, wherever that lies. */
  readonly isEverywhere: boolean;
  /** What a process is started by whose `folder` is to lie on such a disk; of what lies in it, `kept` stays on the ordinary one. */
  launcher(folder: string, kept?: string): readonly string[];
  /** Nothing more can be written in the folder, as the process sees it. */
  fill(pid: number, folder: string): void;
  free(pid: number, folder: string): void;
}

// Without root in a user namespace of one's own. The file system lives as long as the process that sees it.
const UNSHARE = process.getuid?.() === 0 ? ["unshare", "-m"] : ["unshare", "-Urm"];
const MOUNT = `set -e
mkdir -p "$0"
if [ -n "$1" ]; then mkdir -p "$1" "$0.kept"; mount --bind "$1" "$0.kept"; fi
mount -t tmpfs -o size=8m,mode=700 tmpfs "$0"
if [ -n "$1" ]; then mkdir -p "$1"; mount --bind "$0.kept" "$1"; fi
shift
exec "$@"`;

/** A file system of 8 MiB in a mount namespace of its own: it is really full. */
const fileSystem: SmallDisk = {
  name: "a small file system of its own",
  lacks: works([...UNSHARE, "sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt"])
    ? null
    : "this machine lets nobody mount a file system in a namespace",
  isEverywhere: false,
  launcher: (folder, kept = "") => [...UNSHARE, "sh", "-c", MOUNT, folder, kept],
  fill: (pid, folder) => {
    const file = openSync(filler(pid, folder), "w");
    for (const size of [65_536, 4_096, 1]) writeUntilFull(file, Buffer.alloc(size, 1));
    closeSync(file);
  },
  free: (pid, folder) => rmSync(filler(pid, folder)),
};

/** A limit on the size of files, which any user may set for his own processes: a write beyond it fails, on whatever disk. */
const fileSizes: SmallDisk = {
  name: "a limit on the size of files",
  lacks: works(["prlimit", "--fsize=1:", "true"]) ? null : "this machine has no prlimit",
  isEverywhere: true,
  launcher: () => [],
  fill: (pid) => limitFiles(pid, "1"),
  free: (pid) => limitFiles(pid, "unlimited"),
};

export const SMALL_DISKS: readonly SmallDisk[] = [fileSystem, fileSizes];

function works([command = "", ...args]: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

// Where the kernel shows the file systems of another process.
function filler(pid: number, folder: string): string {
  return join(`/proc/${pid}/root`, folder, "filler");
}

function writeUntilFull(file: number, piece: Buffer): void {
  try {
    for (;;) writeSync(file, piece);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
}

function limitFiles(pid: number, soft: string): void {
  const done = spawnSync("prlimit", [`--pid=${pid}`, `--fsize=${soft}:`], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`prlimit: ${done.stderr}`);
}
