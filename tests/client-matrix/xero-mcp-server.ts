import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { allowsLink } from "../kit/custom-connection-people.ts";
import type { ClientDriver, Told } from "./client-driver.ts";
import type { MatrixServer } from "./matrix-server.ts";
import { SandboxServer } from "./sandbox-server.ts";

const PROGRAM = createRequire(import.meta.url).resolve("@xeroapi/xero-mcp-server/dist/index.js");
// It always says which scopes it wants, first the broad ones, which Xero takes from older connections alone.
const CREATED_AT = "2026-01-15T00:00:00Z";
const SCOPES = [
  "accounting.transactions",
  "accounting.contacts",
  "accounting.settings",
  "accounting.reports.read",
  "payroll.settings",
  "payroll.employees",
  "payroll.timesheets",
];

/** Xero's MCP server, unmodified, asked over stdio for a tool that reads the organisation. */
export async function startXeroMcpServer(server: MatrixServer): Promise<ClientDriver> {
  if (!(server instanceof SandboxServer)) throw new Error("Custom Connections are Xero's alone");
  return new XeroMcpServer(server);
}

class XeroMcpServer implements ClientDriver {
  readonly #server: SandboxServer;
  #process: McpProcess | undefined;

  constructor(server: SandboxServer) {
    this.#server = server;
  }

  /** A Custom Connection that nobody has authorised yet, and a process that was given its id and secret. */
  async begin(): Promise<void> {
    await this.close();
    const { control } = this.#server.sandbox;
    const { email, number } = this.#server.person;
    const facts = { name: `Machine ${number}`, email, scopes: SCOPES, createdAt: CREATED_AT };
    const { clientId, clientSecret } = control.createCustomConnection(facts);
    const client = { clientId, clientSecret: clientSecret ?? "" };
    this.#server.actsFor(client);
    this.#process = new McpProcess(client, this.#server);
    await this.#process.initialize();
  }

  async consent(): Promise<Told> {
    const { control } = this.#server.sandbox;
    const { email, organisation, organisationId } = this.#server.person;
    const mail = control.mails().findLast(({ to }) => to === email);
    if (mail === undefined) throw new Error(`no mail to ${email}`);
    const early = await this.renew();
    if (early.kind === "done") throw new Error("it had a token before anybody consented");
    control.buyCustomConnection(mail.clientId, { organisationId });
    await allowsLink(mail.link, organisation, email);
    return await this.renew();
  }

  /** Every call of a tool gets a token of its own. */
  async renew(): Promise<Told> {
    const text = (await this.#process?.callTool("list-organisation-details")) ?? "";
    if (text.includes(this.#server.person.organisation)) return { kind: "done" };
    const [, code = null] = /"error":"(\w+)"/.exec(text) ?? [];
    const [, status = null] = /status code (\d{3})/.exec(text) ?? [];
    return { kind: "refused", code, status: status === null ? null : Number(status), retryAfter: null, message: text };
  }

  call(): Promise<Told> {
    return this.renew();
  }

  async renewAtOnce(): Promise<number> {
    throw new Error("it has no refresh token");
  }

  async revoke(): Promise<Told> {
    throw new Error("it has no tool to revoke");
  }

  /** It keeps nothing, and does nothing unless it is called. */
  async endRun(): Promise<void> {}

  async close(): Promise<void> {
    await this.#process?.close();
    this.#process = undefined;
  }
}

interface McpAnswer {
  readonly id?: number;
  readonly result?: { readonly content?: readonly { readonly text?: string }[] };
  readonly error?: { readonly message: string };
}

/** JSON-RPC over stdio, one message a line, as the Model Context Protocol has it. */
class McpProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(answer: McpAnswer): void; reject(error: Error): void }>();
  #output = "";
  #asked = 0;

  constructor(client: { readonly clientId: string; readonly clientSecret: string }, server: MatrixServer) {
    this.#child = spawn(process.execPath, [PROGRAM], {
      env: {
        ...process.env,
        ...server.environment,
        XERO_CLIENT_ID: client.clientId,
        XERO_CLIENT_SECRET: client.clientSecret,
      },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-4000);
    });
    if (this.#child.stdout !== null)
      createInterface({ input: this.#child.stdout }).on("line", (line) => this.#hear(line));
    this.#child.once("exit", (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`it ended with ${code}: ${this.#output}`));
    });
  }

  async initialize(): Promise<void> {
    const clientInfo = { name: "matrix", version: "1" };
    await this.#ask("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo });
    this.#send({ jsonrpc: "2.0", method: "notifications/initialized" });
  }

  /** What the tool says, as the model would read it. */
  async callTool(name: string): Promise<string> {
    const { result, error } = await this.#ask("tools/call", { name, arguments: {} });
    return error?.message ?? (result?.content ?? []).map(({ text = "" }) => text).join("\n");
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }

  #ask(method: string, params: object): Promise<McpAnswer> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send({ jsonrpc: "2.0", id, method, params });
    });
  }

  #send(message: object): void {
    this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  #hear(line: string): void {
    if (!line.startsWith("{")) return;
    const answer: McpAnswer = JSON.parse(line);
    if (answer.id === undefined) return;
    this.#waiting.get(answer.id)?.resolve(answer);
    this.#waiting.delete(answer.id);
  }
}
