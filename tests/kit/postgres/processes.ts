import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** The process and those that it started, itself first; only those that are there. */
export function family(pid: number): readonly number[] {
  return [pid, ...parents().flatMap(([child, parent]) => (parent === pid ? [child] : []))];
}

/** Signals each that is still there. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids)
    try {
      process.kill(pid, name);
    } catch {
      // It ended by itself meanwhile.
    }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch {
    return false;
  }
}

function parents(): readonly (readonly [number, number])[] {
  return process.platform === "linux" ? parentsFromProc() : parentsFromPs();
}

function parentsFromProc(): readonly (readonly [number, number])[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), Number(fieldsOf(name)[1])] as const);
}

// A zombie has ended: nobody waits for the children of a process that was killed but the first process of the machine.
function isZombie(pid: number): boolean {
  return process.platform === "linux" && fieldsOf(String(pid))[0] === "Z";
}

// proc_pid_stat(5): the name in brackets may hold anything; state and parent come behind it.
function fieldsOf(pid: string): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

function parentsFromPs(): readonly (readonly [number, number])[] {
  const listed = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).stdout;
  return listed
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, parent]) => (pid === undefined || parent === undefined ? [] : [[pid, parent] as const]));
}
