import { createSandbox, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_PASSWORD, type Sandbox } from "@evergrant/sandbox";
import { DIALECTS, type DialectName } from "@evergrant/sandbox/engine";
import { type Command, Option } from "commander";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { parsePort, parseWholeNumber } from "./whole-number.ts";

interface Options {
  readonly port: number;
  readonly file?: string;
  readonly seed?: number;
  readonly dialect: DialectName;
  readonly redirectUri?: readonly string[];
}

/** `evergrant sandbox`: the stand-in provider alone. */
export function addSandbox(program: Command, world: CommandWorld): void {
  program
    .command("sandbox")
    .description("start the sandbox alone: Xero's identity server and API on this machine")
    .option("--port <port>", "where it listens; 0 picks a free port", parsePort, 4181)
    .option("--file <file>", "where to keep everything (default: in memory)")
    .option("--seed <number>", "ids and secrets follow from it (default: 1)", parseWholeNumber)
    .addOption(
      new Option("--dialect <name>", "how refresh tokens rotate").choices(Object.keys(DIALECTS)).default("xero"),
    )
    .option("--redirect-uri <uris...>", "redirect URIs of the demo app")
    .action(async ({ redirectUri, ...options }: Options, command: Command) => {
      const session = openSession(world, command);
      const stopped = world.untilStopped();
      const sandbox = await createSandbox({
        ...options,
        ...(redirectUri === undefined ? {} : { redirectUris: redirectUri }),
      });
      session.print({
        json: { ...sandbox.urls, clientId: DEMO_CLIENT_ID, clientSecret: DEMO_CLIENT_SECRET },
        text: sandboxText(sandbox),
      });
      await stopped;
      await sandbox.close();
    });
}

function sandboxText({ urls }: Sandbox): string {
  return [
    `Sandbox listens at ${urls.identity} (identity server, log-in pages and API)`,
    `Control API at ${urls.control}`,
    `People: jane, sam, rita, ivan @demo.example, password ${DEMO_PASSWORD}`,
    `Demo app: client id ${DEMO_CLIENT_ID}`,
    `          client secret ${DEMO_CLIENT_SECRET}`,
    "Move its clock with:",
    `  curl -s -H "Content-Type: application/json" -d '{"by":"31m"}' ${urls.control}/clock/advance`,
    "Ctrl-C ends it.",
  ].join("\n");
}
