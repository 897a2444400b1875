import { createServer } from "node:net";

const LOWEST = 20_000;
const HIGHEST = 32_000;
const given = new Set<number>();

/**
 * A port of loopback that its owner finds free again after a restart: it lies below those that systems give to outgoing connections
 * (Linux from 32768, others from 49152), of which there are many here.
 */
export async function lastingPort(): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port from ${LOWEST} to ${HIGHEST}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
