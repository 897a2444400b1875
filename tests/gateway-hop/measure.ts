import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import type { AddedCaller } from "@evergrant/contract";
import { PROVIDERS, type Provider } from "@evergrant/keeper";
import { NodeProcess } from "../kit/node-process.ts";
import { aWorld, DEMO_COMPANY, type World } from "../kit/world.ts";

const WIDTHS = [1, 16] as const;
const { values } = parseArgs({
  options: { rounds: { type: "string", default: "7" }, seconds: { type: "string", default: "2" } },
});

/** Where calls go, and with which credentials. */
interface Way {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

interface Round {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly cpuMsEach: number;
}

await using world = await aWorld({ ownProvider: unpaced() });
const api = fork(join(import.meta.dirname, "api-process.ts"), [world.sandbox.urls.api]);
const [{ port }] = (await once(api, "message")) as [{ port: number }];
const apiUrl = `http://127.0.0.1:${port}`;
await world.start();
const { url } = await world.setUp({ api: apiUrl });
await world.consents(url, "jane@demo.example", DEMO_COMPANY);
const permissions = [{ connection: "acme", right: "gateway" }];
const caller = await world.admin.post<AddedCaller>("/callers", { name: "load", permissions });
const { access_token = "" } = await world.token();
await world.stop();
// As it is run by users: nobody moves its clock.
const node = await NodeProcess.start({
  ...{ folder: world.folder, port: 0, followClock: null, policy: "default", shared: null },
  ownProviders: [{ name: "own.json", text: JSON.stringify(unpaced()) }],
});
try {
  console.log(JSON.stringify(await measured(node, waysOf(node, world))));
} finally {
  await node.stop();
  api.disconnect();
}

/** Xero without its 60 calls a minute, which are what a call would wait for. */
function unpaced(): Provider {
  const xero = PROVIDERS.get("xero");
  if (xero === undefined) throw new Error("no xero");
  return { ...xero, id: "unpaced", api: { ...xero.api, limits: null }, sources: {} };
}

function waysOf({ url: at }: NodeProcess, { organisationId }: World): { direct: Way; gateway: Way } {
  const path = "/api.xro/2.0/Invoices";
  const basic = Buffer.from(`${caller.clientId}:${caller.clientSecret}`).toString("base64");
  const tenant = { "xero-tenant-id": organisationId.call(world, DEMO_COMPANY), accept: "application/json" };
  return {
    direct: { url: new URL(`${apiUrl}${path}`), headers: { ...tenant, authorization: `Bearer ${access_token}` } },
    gateway: { url: new URL(`${at}/gateway/acme${path}`), headers: { ...tenant, authorization: `Basic ${basic}` } },
  };
}

/** Both ways take turns, so that a busy moment of the machine meets both; medians of the rounds. */
async function measured(process: NodeProcess, ways: { direct: Way; gateway: Way }) {
  const results: Record<string, unknown> = {};
  for (const width of WIDTHS) {
    const seen = { direct: [] as Round[], gateway: [] as Round[] };
    for (const way of ["direct", "gateway"] as const) await round(ways[way], width, process.pid);
    for (let n = 0; n < Number(values.rounds); n += 1)
      for (const way of ["direct", "gateway"] as const) seen[way].push(await round(ways[way], width, process.pid));
    const direct = middle(seen.direct);
    const gateway = middle(seen.gateway);
    results[`${width} at once`] = {
      direct,
      gateway,
      addedMs: digits(gateway.medianMs - direct.medianMs),
      timesAsLong: digits(gateway.medianMs / direct.medianMs),
    };
  }
  return results;
}

async function round({ url: to, headers }: Way, width: number, pid: number): Promise<Round> {
  const agent = new Agent({ keepAlive: true, maxSockets: width });
  const tookMs: number[] = [];
  const cpuBeforeMs = cpuMs(pid);
  const beganMs = performance.now();
  const follow = async () => {
    while (performance.now() - beganMs < Number(values.seconds) * 1000) {
      const sentMs = performance.now();
      await call(agent, to, headers);
      tookMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: width }, follow));
  const seconds = (performance.now() - beganMs) / 1000;
  agent.destroy();
  const cpuMsEach = (cpuMs(pid) - cpuBeforeMs) / tookMs.length;
  return { perSecond: tookMs.length / seconds, medianMs: median(tookMs), cpuMsEach };
}

function call(agent: Agent, to: URL, headers: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(to, { agent, headers }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`status ${answer.statusCode}`));
      answer.resume().once("end", resolve).once("error", reject);
    });
    sent.once("error", reject).end();
  });
}

/** User and system time of a process so far: proc(5), fields 14 and 15, in hundredths of a second. Linux alone. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function middle(rounds: readonly Round[]): Round {
  return {
    perSecond: Math.round(median(rounds.map(({ perSecond }) => perSecond))),
    medianMs: digits(median(rounds.map(({ medianMs }) => medianMs))),
    cpuMsEach: digits(median(rounds.map(({ cpuMsEach }) => cpuMsEach))),
  };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;
}

function digits(value: number): number {
  return Number(value.toFixed(3));
}
