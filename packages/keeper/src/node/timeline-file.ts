import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { TimelineMemory } from "../stores/postgres/postgres-primary.ts";

/** Remembers over restarts the highest Postgres timeline that was seen: a node never writes to a primary that was left behind. */
export async function timelineFile(path: string, onRaised: () => void): Promise<TimelineMemory> {
  let highest = await readNumber(path);
  return {
    get highest() {
      return highest;
    },
    raise: async (timeline) => {
      if (timeline <= highest) return;
      const isFirst = highest === 0;
      highest = timeline;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(`${path}.new`, `${timeline}\n`, { mode: 0o600, flush: true });
      await rename(`${path}.new`, path);
      if (!isFirst) onRaised();
    },
  };
}

async function readNumber(path: string): Promise<number> {
  const text = await readFile(path, "utf8").catch(() => "0");
  return /^\d{1,10}\s*$/.test(text) ? Number(text) : 0;
}
