import type { Sandbox } from "@evergrant/sandbox";
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
  readonly smtp?: string;
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
    .option(
      "--smtp <url>",
      "its mail server, smtp://host:port; or EVERGRANT_SANDBOX_SMTP (default: an outbox of its own)",
    )
    .action(async ({ redirectUri, ...options }: Options, command: Command) => {
      const session = openSession(world, command);
      const stopped = world.untilStopped();
      const { createSandbox, ...known } = await import("@evergrant/sandbox");
      const { DEMO_CLIENT_ID: clientId, DEMO_CLIENT_SECRET: clientSecret, DEMO_PASSWORD: password } = known;
      const smtp = options.smtp ?? world.env["EVERGRANT_SANDBOX_SMTP"];
      const sandbox = await createSandbox({
        ...options,
        ...(smtp === undefined ? {} : { smtp }),
        ...(redirectUri === undefined ? {} : { redirectUris: redirectUri }),
      });
      session.print({
        json: { ...sandbox.urls, clientId, clientSecret },
        text: sandboxText(sandbox, { clientId, clientSecret, password }),
      });
      await stopped;
      await sandbox.close();
    });
}

function sandboxText({ urls }: Sandbox, known: Record<"clientId" | "clientSecret" | "password", string>): string {
  return [
    `Sandbox listens at ${urls.identity} (identity server, log-in pages and API)`,
    `Control API at ${urls.control}; apps, Custom Connections and the outbox at ${urls.control}/portal`,
    `People: jane, sam, rita, ivan @demo.example, password ${known.password}`,
    `Demo app: client id ${known.clientId}`,
    `          client secret ${known.clientSecret}`,
    "Move its clock with:",
    `  curl -s -H "Content-Type: application/json" -d '{"by":"31m"}' ${urls.control}/clock/advance`,
    "Ctrl-C ends it.",
  ].join("\n");
}
