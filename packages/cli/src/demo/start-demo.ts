import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Connection, ProviderList } from "@evergrant/contract";
import { EvergrantError, Secret } from "@evergrant/core";
import { createSandbox, type Sandbox, SandboxError } from "@evergrant/sandbox";
import type { RequestLog } from "@evergrant/server";
import { createAdminClient } from "../admin-client.ts";
import { UsageError } from "../command-failure.ts";
import { readFileIfThere } from "../private-file.ts";
import { type StartedNode, startNode } from "../start-node.ts";
import { type DemoFacts, readDemoFacts, writeDemoFacts } from "./demo-facts.ts";
import { choosePorts, type DemoPorts, readPorts, rememberPorts } from "./demo-ports.ts";
import { registerAtSandbox, sandboxApp } from "./sandbox-app.ts";
import { DEMO_CONNECTION, type SeededDemo, type SeedWishes, seedDemo } from "./seed-demo.ts";

export interface DemoOptions {
  /** Keeps everything: both databases, keys, journal and `demo.json`. */
  readonly folder: string;
  /** Evergrant's. 0: any free one, and the same again at the next start. Default 4180. */
  readonly port?: number;
  /** The sandbox's, in the same way. Default 4181. */
  readonly sandboxPort?: number;
  readonly log?: RequestLog;
}

export interface StartedDemo {
  /** What `demo.json` says. */
  readonly facts: DemoFacts;
  readonly file: string;
  /** The connection as it was found. */
  readonly connection: Connection;
  /** What the node knows of its provider. */
  readonly provider: ProviderList["providers"][number] | null;
  /** To be registered at the provider, character for character. */
  readonly redirectUri: string;
  close(): Promise<void>;
}

/**
 * Starts a sandbox and an Evergrant that follows its clock, and sets up what a first try needs. A further start in the same folder
 * goes on where the last one ended, wherever that was.
 * @throws port_taken · UsageError for ports that do not fit the folder, and all that `startNode` throws
 */
export async function startDemo(options: DemoOptions): Promise<StartedDemo> {
  const { folder } = options;
  const saved = readDemoFacts(folder);
  if (saved !== null && saved.sandbox === null)
    throw new UsageError(`${folder} holds a demo with a real provider. Use another --folder.`);
  const ports = choosePorts({ evergrant: options.port, sandbox: options.sandboxPort }, readPorts(folder));
  const sandbox = await openSandbox(folder, ports.sandbox);
  try {
    const node = await openEvergrant(options, { port: ports.evergrant, sandbox });
    const close = async () => {
      await node.close();
      await sandbox.close();
    };
    try {
      rememberPorts(folder, { evergrant: portOf(node.url), sandbox: sandbox.port } satisfies DemoPorts);
      return await finishDemo(node, {
        folder,
        saved,
        sandbox: { identity: sandbox.urls.identity, api: sandbox.urls.api, control: sandbox.urls.control },
        newApp: async () => sandboxApp(sandbox),
        register: async (app) => registerAtSandbox(sandbox, app),
        close,
      });
    } catch (error) {
      await node.close();
      throw error;
    }
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}

export interface DemoEnd extends SeedWishes {
  readonly folder: string;
  readonly sandbox: DemoFacts["sandbox"];
  close(): Promise<void>;
}

/** Sets up what is missing in a running node and writes `demo.json`. */
export async function finishDemo(node: StartedNode, end: DemoEnd): Promise<StartedDemo> {
  const operatorKey = operatorKeyOf(end);
  const admin = createAdminClient({ url: node.adminUrl, operatorKey: new Secret(operatorKey) });
  const seeded = await seedDemo(admin, end);
  const facts = factsOf(node.url, { seeded, operatorKey, sandbox: end.sandbox });
  const file = writeDemoFacts(end.folder, facts);
  const { app, connection } = seeded;
  const { providers } = await admin.call("listProviders");
  const provider = providers.find(({ id }) => id === connection.provider) ?? null;
  return { facts, file, connection, provider, redirectUri: app.redirectUri, close: end.close };
}

async function openSandbox(folder: string, port: number): Promise<Sandbox> {
  makeFolder(folder);
  try {
    return await createSandbox({ port, file: join(folder, "sandbox.db"), seed: "random" });
  } catch (error) {
    if (error instanceof SandboxError && error.code === "port_taken")
      throw new EvergrantError("port_taken", {
        detail: `the sandbox's port ${port}; its option is --sandbox-port`,
        cause: error,
      });
    throw error;
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new EvergrantError("store_unopenable", { detail: `cannot make the folder ${folder}`, cause: error });
  }
}

async function openEvergrant(options: DemoOptions, at: { port: number; sandbox: Sandbox }): Promise<StartedNode> {
  const { folder, log } = options;
  const start = (port: number) =>
    startNode({
      journalMayVanish: true,
      folder,
      port,
      followClock: at.sandbox.urls.control,
      terminal: false,
      ...(log === undefined ? {} : { log }),
    });
  try {
    return await start(at.port);
  } catch (error) {
    // Any port was asked for: the remembered one is a wish.
    const another = error instanceof EvergrantError && error.code === "port_taken" && options.port === 0;
    if (another) return await start(0);
    throw error;
  }
}

function operatorKeyOf({ folder, saved }: { readonly folder: string; readonly saved: DemoFacts | null }): string {
  const key = readFileIfThere(join(folder, "operator-key"))?.trim() || saved?.operatorKey;
  if (key !== undefined) return key;
  throw new EvergrantError("operator_key_invalid", {
    detail: `${join(folder, "operator-key")} is gone; begin anew with another --folder`,
  });
}

function factsOf(
  url: string,
  { seeded, operatorKey, sandbox }: { seeded: SeededDemo; operatorKey: string; sandbox: DemoFacts["sandbox"] },
): DemoFacts {
  const issuer = `${url}/connections/${DEMO_CONNECTION}`;
  return {
    evergrant: url,
    console: null,
    issuer,
    tokenEndpoint: `${issuer}/oauth2/token`,
    clientId: seeded.clientId,
    clientSecret: seeded.clientSecret,
    operatorKey,
    connection: DEMO_CONNECTION,
    consentLink: seeded.consentLink,
    sandbox,
  };
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
