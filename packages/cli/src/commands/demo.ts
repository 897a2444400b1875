import { join } from "node:path";
import { PROVIDERS } from "@evergrant/keeper";
import { createRequestLog } from "@evergrant/server";
import type { Command } from "commander";
import { UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { type DemoCall, demoText, isConsented } from "../demo/demo-text.ts";
import { type StartedDemo, startDemo } from "../demo/start-demo.ts";
import { startLiveDemo } from "../demo/start-live-demo.ts";
import { openSession, type Session } from "../session.ts";
import { parsePort } from "./whole-number.ts";

interface Options {
  readonly port?: number;
  readonly sandboxPort?: number;
  readonly provider?: string;
}

/** `evergrant demo`: everything for a first try. */
export function addDemo(program: Command, world: CommandWorld): void {
  program
    .command("demo")
    .description("start the sandbox and Evergrant with one connection to try, until Ctrl-C")
    .option("--port <port>", "where Evergrant listens; 0 picks a free port (default: 4180)", parsePort)
    .option("--sandbox-port <port>", "where the sandbox listens; 0 picks a free port (default: 4181)", parsePort)
    .option("--provider <name>", "speak to this real provider instead of the sandbox")
    .action(async (options: Options, command: Command) => {
      const session = openSession(world, command);
      const stopped = world.untilStopped();
      const folderGiven = command.getOptionValueSourceWithGlobals("folder") === "cli";
      const demo = await start(session, { ...options, folderGiven });
      session.print({
        json: {
          ...demo.facts,
          file: demo.file,
          redirectUri: demo.redirectUri,
          connected: isConsented(demo.connection),
        },
        text: demoText(demo, callOf(demo)),
      });
      await stopped;
      await demo.close();
    });
}

async function start(session: Session, options: Options & { readonly folderGiven: boolean }): Promise<StartedDemo> {
  const { world, interactive } = session;
  const { port, sandboxPort, provider } = options;
  const log = createRequestLog({ level: "warn", destination: { write: (line) => world.terminal.err(line.trimEnd()) } });
  if (provider === undefined)
    return await startDemo({
      folder: session.folder,
      log,
      ...(port === undefined ? {} : { port }),
      ...(sandboxPort === undefined ? {} : { sandboxPort }),
    });
  // One without endpoints of its own needs more than a client id and a secret: see `apps add --origins`.
  const known = [...PROVIDERS.values()].filter(({ endpoints }) => endpoints.kind === "fixed").map(({ id }) => id);
  if (!known.includes(provider))
    throw new UsageError(`There is no provider ${provider} to try. Known: ${known.join(", ")}.`);
  // Beside the sandbox's demo, not in it: what lies there belongs to another clock.
  const folder = options.folderGiven ? session.folder : join(session.folder, provider);
  return await startLiveDemo({ folder, port: port ?? 4180, provider, log }, { world, interactive });
}

function callOf({ facts, connection }: StartedDemo): DemoCall {
  const provider = PROVIDERS.get(connection.provider);
  const origin = facts.sandbox?.api ?? provider?.apiOrigins[0];
  const path = provider?.examplePath;
  const header = provider?.tenantLocator.kind === "header" ? provider.tenantLocator.name : null;
  return { exampleUrl: origin && path ? new URL(path, origin).href : null, tenantHeader: header };
}
