import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { openCallbackPlace } from "../tests/protocol/callback-place.ts";
import type { CpuReport, ReadyServer } from "./server-process.ts";

const SERVERS = ["sandbox", "oidc-provider"] as const;
type ServerName = (typeof SERVERS)[number];

/** What one server did in one round. */
interface Round {
  readonly refreshes: number;
  readonly perSecond: number;
  /** CPU time of the server's process for one refresh. */
  readonly cpuMsEach: number;
}

const WAYS = { sequential: 1, "50 at once": 50 } as const;
type Way = keyof typeof WAYS;

/** A server in a process of its own, with chains to refresh. */
class RunningServer {
  readonly ready: ReadyServer;
  readonly #process: ChildProcess;
  readonly #chains: string[];

  constructor(child: ChildProcess, ready: ReadyServer) {
    this.#process = child;
    this.ready = ready;
    this.#chains = [...ready.refreshTokens];
  }

  /** Refreshes `width` chains, each one after the other, for so long. */
  async run(width: number, durationMs: number): Promise<Round> {
    const cpuBeforeMs = await this.#cpuMs();
    const beganMs = performance.now();
    let refreshes = 0;
    const follow = async (chain: number) => {
      while (performance.now() - beganMs < durationMs) {
        this.#chains[chain] = await this.#refresh(this.#chains[chain] ?? "");
        refreshes += 1;
      }
    };
    await Promise.all(Array.from({ length: width }, (_, chain) => follow(chain)));
    const seconds = (performance.now() - beganMs) / 1000;
    const cpuMs = (await this.#cpuMs()) - cpuBeforeMs;
    return { refreshes, perSecond: refreshes / seconds, cpuMsEach: cpuMs / refreshes };
  }

  stop(): void {
    this.#process.disconnect();
  }

  async #refresh(token: string): Promise<string> {
    const { client, tokenEndpoint } = this.ready;
    const answer = await fetch(tokenEndpoint, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: token }),
    });
    const { refresh_token } = (await answer.json()) as { refresh_token?: string };
    if (refresh_token === undefined || refresh_token === token)
      throw new Error(`no new refresh token: ${answer.status}`);
    return refresh_token;
  }

  async #cpuMs(): Promise<number> {
    this.#process.send("cpu");
    return (await messageOf<CpuReport>(this.#process, "cpu")).cpuMs;
  }
}

async function startServer(name: ServerName, redirectUri: string): Promise<RunningServer> {
  const args = [name, redirectUri, String(WAYS["50 at once"])];
  const child = fork(join(import.meta.dirname, "server-process.ts"), args, {
    execArgv: ["--conditions=@evergrant/source"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  return new RunningServer(child, await messageOf<ReadyServer>(child, "ready"));
}

function messageOf<M extends { readonly kind: string }>(child: ChildProcess, kind: M["kind"]): Promise<M> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`the server ended with ${code}`));
    child.once("exit", ended);
    child.once("message", (message: M) => {
      child.off("exit", ended);
      if (message.kind === kind) resolve(message);
      else reject(new Error(`not ${kind} but ${message.kind}`));
    });
  });
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** The servers take turns, so that a busy moment of the machine meets both. */
async function measure(servers: Readonly<Record<ServerName, RunningServer>>, rounds: number, roundMs: number) {
  const results = {} as Record<Way, Record<ServerName, { perSecond: number; cpuMsEach: number }>>;
  for (const [way, width] of Object.entries(WAYS) as [Way, number][]) {
    const seen: Record<ServerName, Round[]> = { sandbox: [], "oidc-provider": [] };
    for (const name of SERVERS) await servers[name].run(width, roundMs / 2);
    for (let round = 0; round < rounds; round += 1)
      for (const name of SERVERS) seen[name].push(await servers[name].run(width, roundMs));
    const of = (name: ServerName) => ({
      perSecond: Math.round(median(seen[name].map((each) => each.perSecond))),
      cpuMsEach: Number(median(seen[name].map((each) => each.cpuMsEach)).toFixed(2)),
    });
    results[way] = { sandbox: of("sandbox"), "oidc-provider": of("oidc-provider") };
  }
  return results;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean", default: false },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "2" },
    },
  });
  const callback = await openCallbackPlace();
  const servers = {
    sandbox: await startServer("sandbox", callback.redirectUri),
    "oidc-provider": await startServer("oidc-provider", callback.redirectUri),
  };
  const results = await measure(servers, Number(values.rounds), Number(values.seconds) * 1000);
  const firstTokenMs = Math.round(servers.sandbox.ready.startToFirstTokenMs);
  for (const name of SERVERS) servers[name].stop();
  await callback.close();
  if (values.json) return console.log(JSON.stringify({ results, sandboxStartToFirstTokenMs: firstTokenMs }));
  for (const [way, { sandbox, "oidc-provider": other }] of Object.entries(results)) {
    console.log(
      `Refreshes, ${way}: sandbox ${sandbox.perSecond}/s at ${sandbox.cpuMsEach} ms CPU each, oidc-provider ${other.perSecond}/s at ${other.cpuMsEach} ms;`,
    );
    console.log(
      `  ratio ${(sandbox.perSecond / other.perSecond).toFixed(2)} in rate, ${(other.cpuMsEach / sandbox.cpuMsEach).toFixed(2)} in refreshes for a CPU second`,
    );
  }
  console.log(`Sandbox: ${firstTokenMs} ms from start to the first tokens of a consent.`);
}

await main();
