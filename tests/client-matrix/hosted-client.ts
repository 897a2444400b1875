import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { ClientDriver, Told } from "./client-driver.ts";
import type { MatrixServer } from "./matrix-server.ts";

const HOST = join(import.meta.dirname, "programs/host.mjs");

/** A client that others wrote, unmodified, in a process of its own whose clock goes with the server's. */
export async function startHostedClient(program: string, server: MatrixServer): Promise<ClientDriver> {
  return new HostedClient(await startHost(program, server), { program, server });
}

async function startHost(program: string, server: MatrixServer): Promise<HostProcess> {
  const host = new HostProcess(program, server);
  await host.ready;
  return host;
}

type Answer = { readonly kind: "done"; readonly value: string | null } | Exclude<Told, { kind: "done" }>;

class HostedClient implements ClientDriver {
  #host: HostProcess;
  readonly #program: string;
  readonly #server: MatrixServer;

  constructor(host: HostProcess, { program, server }: { readonly program: string; readonly server: MatrixServer }) {
    this.#host = host;
    this.#program = program;
    this.#server = server;
  }

  begin(): Promise<void> {
    return this.#create(null);
  }

  async consent(): Promise<Told> {
    const begun = await this.#host.ask("consentUrl");
    if (begun.kind === "refused") return begun;
    const browser = this.#server.browser();
    const landed = await this.#server.saysYes(browser, await browser.open(begun.value ?? ""));
    return await this.#host.ask("callback", { url: landed.url });
  }

  renew(): Promise<Told> {
    return this.#host.ask("refresh");
  }

  async renewAtOnce(times: number): Promise<number> {
    const answer = await this.#host.ask("refreshAtOnce", { times });
    return answer.kind === "done" ? Number(answer.value) : 0;
  }

  call(): Promise<Told> {
    return this.#host.ask("call");
  }

  revoke(): Promise<Told> {
    return this.#host.ask("revoke");
  }

  /** Only a program that does something by itself has to end for it: those that wait for a call are as good as ended. */
  async endRun(): Promise<void> {
    const kept = await this.#host.ask("kept");
    if (kept.kind === "refused") throw new Error(`nothing kept: ${kept.message}`);
    if (kept.value === null) return;
    await this.#host.close();
    this.#host = await startHost(this.#program, this.#server);
    await this.#create(kept.value);
  }

  close(): Promise<void> {
    return this.#host.close();
  }

  async #create(kept: string | null): Promise<void> {
    const answer = await this.#host.ask("create", { setup: this.#server.setup, kept });
    if (answer.kind === "refused") throw new Error(`no client: ${answer.message}`);
  }
}

class HostProcess {
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #server: MatrixServer;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #output = "";
  #asked = 0;

  constructor(program: string, server: MatrixServer) {
    this.#server = server;
    this.#child = spawn(process.execPath, [HOST, program], {
      env: { ...process.env, ...server.environment },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const collect = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-4000);
    };
    this.#child.stdout?.on("data", collect);
    this.#child.stderr?.on("data", collect);
    this.ready = new Promise((resolve, reject) => {
      this.#child.on("message", (message: { readonly ready?: true; readonly id: number; readonly answer: Answer }) => {
        if (message.ready) resolve();
        else this.#waiting.get(message.id)?.(message.answer);
      });
      this.#child.once("exit", (code) => {
        reject(new Error(`${program} ended with ${code}: ${this.#output}`));
        for (const answer of this.#waiting.values()) answer(ended(this.#output));
      });
    });
  }

  ask(operation: string, given: object = {}): Promise<Answer> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve) => {
      this.#waiting.set(id, (answer) => {
        this.#waiting.delete(id);
        resolve(answer);
      });
      this.#child.send({ id, operation, movedByMs: this.#server.movedByMs(), ...given });
    });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }
}

const ended = (output: string): Answer => ({
  kind: "refused",
  code: null,
  status: null,
  retryAfter: null,
  message: `its process ended: ${output}`,
});
