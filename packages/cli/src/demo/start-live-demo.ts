import { existsSync } from "node:fs";
import { join } from "node:path";
import type { App, NewApp } from "@evergrant/contract";
import type { ProviderFile } from "@evergrant/keeper";
import type { RequestLog } from "@evergrant/server";
import { UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { startNode } from "../start-node.ts";
import { readDemoFacts } from "./demo-facts.ts";
import { DEMO_APP } from "./seed-demo.ts";
import { finishDemo, type StartedDemo } from "./start-demo.ts";

export interface LiveDemoOptions {
  readonly folder: string;
  readonly port: number;
  readonly provider: string;
  readonly ownProviders: readonly ProviderFile[];
  readonly log?: RequestLog;
}

export interface LiveDemoWorld {
  readonly world: CommandWorld;
  /** Somebody is there to be asked for credentials. */
  readonly interactive: boolean;
}

/** Starts Evergrant beside a real provider, on the machine's own clock, with the credentials of an app there. */
export async function startLiveDemo(options: LiveDemoOptions, asking: LiveDemoWorld): Promise<StartedDemo> {
  const { folder, port, provider, ownProviders, log } = options;
  const saved = readDemoFacts(folder);
  if (saved?.sandbox || existsSync(join(folder, "sandbox.db")))
    throw new UsageError(
      `${folder} holds a demo with a sandbox, whose clock may have been moved. Use another --folder.`,
    );
  const node = await startNode({ folder, port, ownProviders, terminal: false, ...(log === undefined ? {} : { log }) });
  try {
    return await finishDemo(node, {
      folder,
      saved,
      sandbox: null,
      newApp: () => askForApp(provider, asking),
      register: async (app) => checkProvider(app, provider),
      close: () => node.close(),
    });
  } catch (error) {
    await node.close();
    throw error;
  }
}

function checkProvider(app: App, provider: string): void {
  if (app.provider === provider && app.origins === null) return;
  throw new UsageError(`The app ${app.name} in this folder belongs to ${app.provider}. Use another --folder.`);
}

async function askForApp(provider: string, { world, interactive }: LiveDemoWorld): Promise<NewApp> {
  const prefix = `EVERGRANT_${provider.toUpperCase().replaceAll("-", "_")}`;
  const { terminal, env } = world;
  const clientId =
    env[`${prefix}_CLIENT_ID`] ?? (interactive ? await terminal.ask(`Client id of your app at ${provider}`) : null);
  const clientSecret =
    env[`${prefix}_CLIENT_SECRET`] ?? (interactive ? await terminal.askSecret("Client secret") : null);
  if (clientId && clientSecret)
    return { name: DEMO_APP, provider, clientId: clientId.trim(), clientSecret: clientSecret.trim() };
  throw new UsageError(
    `Credentials of an app at ${provider} are missing. Start on a terminal, or set ${prefix}_CLIENT_ID and ${prefix}_CLIENT_SECRET.`,
  );
}
