import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { NOTHING, type Tally, together } from "./tally.ts";

/** More processes than this would only get in each other's way on the machines that this is meant for. */
const PROCESSES = 2;

export interface SwarmOptions {
  readonly from: number;
  readonly seeds: number;
  readonly nodes: number;
  /** The mix that speed is measured with, in place of the swarm's plans. */
  readonly mix?: boolean;
}

/** Runs a range of seeds in two processes; `onProgress` hears now and then how many are done. */
export async function swarm(
  options: SwarmOptions,
  onProgress: (seeds: number) => void = () => undefined,
): Promise<Tally> {
  const done = new Map<number, number>();
  const parts = Array.from({ length: Math.min(PROCESSES, options.seeds) }, (_, index) => {
    const seeds = Math.ceil((options.seeds - index) / PROCESSES);
    return part({ ...options, from: options.from + index, seeds }, (soFar) => {
      done.set(index, soFar);
      onProgress([...done.values()].reduce((sum, each) => sum + each, 0));
    });
  });
  return (await Promise.all(parts)).reduce(together, NOTHING);
}

async function part(options: SwarmOptions, onProgress: (seeds: number) => void): Promise<Tally> {
  const file = fileURLToPath(new URL("./part.ts", import.meta.url));
  const args = ["--from", options.from, "--seeds", options.seeds, "--step", PROCESSES, "--nodes", options.nodes].map(
    String,
  );
  const child = spawn(
    process.execPath,
    ["--conditions=@evergrant/source", file, ...args, ...(options.mix === true ? ["--mix"] : [])],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  let tally: Tally | null = null;
  for await (const line of createInterface({ input: child.stdout })) {
    const told = JSON.parse(line) as { kind: "progress"; seeds: number } | { kind: "tally"; tally: Tally };
    if (told.kind === "progress") onProgress(told.seeds);
    else tally = told.tally;
  }
  const code = await ended;
  if (tally === null) throw new Error(`a part of the simulation ended with ${code}, without a result`);
  return tally;
}
