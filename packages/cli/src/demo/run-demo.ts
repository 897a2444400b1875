import { join } from "node:path";
import { DEFAULT_LIMITS } from "@evergrant/core";
import { type ProviderFile, withOwnProviders } from "@evergrant/keeper";
import { createRequestLog } from "@evergrant/server";
import { UsageError } from "../command-failure.ts";
import { readProviderFiles } from "../provider-files.ts";
import type { Session } from "../session.ts";
import { type DemoCall, demoText, isConsented } from "./demo-text.ts";
import { type StartedDemo, startDemo } from "./start-demo.ts";
import { startLiveDemo } from "./start-live-demo.ts";

/** What `evergrant demo` was asked for. */
export interface DemoWishes {
  readonly port?: number;
  readonly sandboxPort?: number;
  readonly provider?: string;
  /** A file of providers of one's own, or a folder of them. */
  readonly providers?: string;
  /** The folder was named, and is not just the usual one. */
  readonly folderGiven: boolean;
}

/** Starts a demo, says what to do with it, and ends it when the process is asked to end. */
export async function runDemo(session: Session, wishes: DemoWishes): Promise<void> {
  const stopped = session.world.untilStopped();
  const demo = await start(session, wishes);
  const { facts, file, redirectUri, connection } = demo;
  session.print({
    json: { ...facts, file, redirectUri, connected: isConsented(connection) },
    text: demoText(demo, callOf(demo)),
  });
  await stopped;
  await demo.close();
}

async function start(session: Session, wishes: DemoWishes): Promise<StartedDemo> {
  const { world, interactive } = session;
  const { port, sandboxPort, provider, providers } = wishes;
  const log = createRequestLog({ level: "warn", destination: { write: (line) => world.terminal.err(line.trimEnd()) } });
  if (provider === undefined) {
    if (providers !== undefined) throw new UsageError("--providers needs --provider: which of them to try.");
    return await startDemo({
      folder: session.folder,
      log,
      ...(port === undefined ? {} : { port }),
      ...(sandboxPort === undefined ? {} : { sandboxPort }),
    });
  }
  const ownProviders = providers === undefined ? [] : readProviderFiles(providers);
  const known = providersToTry(ownProviders);
  if (!known.includes(provider))
    throw new UsageError(`There is no provider ${provider} to try. Known: ${known.join(", ")}.`);
  // Beside the sandbox's demo, not in it: what lies there belongs to another clock.
  const folder = wishes.folderGiven ? session.folder : join(session.folder, provider);
  return await startLiveDemo({ folder, port: port ?? 4180, provider, ownProviders, log }, { world, interactive });
}

// One without endpoints of its own needs more than a client id and a secret: see `apps add --origins`.
function providersToTry(ownProviders: readonly ProviderFile[]): readonly string[] {
  const providers = withOwnProviders(ownProviders, DEFAULT_LIMITS);
  return [...providers.values()].filter(({ endpoints }) => endpoints.kind === "fixed").map(({ id }) => id);
}

function callOf({ facts, provider }: StartedDemo): DemoCall {
  const origin = facts.sandbox?.api ?? provider?.apiOrigins[0];
  const path = provider?.examplePath;
  const header = provider?.tenantLocator.kind === "header" ? provider.tenantLocator.name : null;
  return { exampleUrl: origin && path ? new URL(path, origin).href : null, tenantHeader: header };
}
