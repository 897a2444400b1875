import { readFileSync } from "node:fs";
import { Command } from "commander";
import type { CommandWorld } from "./command-world.ts";
import { addApps } from "./commands/apps.ts";
import { addAudit } from "./commands/audit.ts";
import { addBackup } from "./commands/backup.ts";
import { addCall } from "./commands/call.ts";
import { addCallers } from "./commands/callers.ts";
import { addConnect } from "./commands/connect.ts";
import { addConnections } from "./commands/connections.ts";
import { addConsents } from "./commands/consents.ts";
import { addDemo } from "./commands/demo.ts";
import { addHealth } from "./commands/health.ts";
import { addImport } from "./commands/import.ts";
import { addKeys } from "./commands/keys.ts";
import { addNotices } from "./commands/notices.ts";
import { addOperators } from "./commands/operators.ts";
import { addProviders } from "./commands/providers.ts";
import { addQuarantine } from "./commands/quarantine.ts";
import { addSandbox } from "./commands/sandbox.ts";
import { addStart } from "./commands/start.ts";
import { addToken } from "./commands/token.ts";
import { addWhy } from "./commands/why.ts";

const COMMANDS = [
  addDemo,
  addStart,
  addSandbox,
  addProviders,
  addApps,
  addConnect,
  addConsents,
  addImport,
  addConnections,
  addCallers,
  addToken,
  addCall,
  addWhy,
  addHealth,
  addQuarantine,
  addKeys,
  addAudit,
  addOperators,
  addNotices,
  addBackup,
] as const;

/** The command line: every command with its options. */
export function createProgram(world: CommandWorld): Command {
  const { terminal } = world;
  const program = new Command("evergrant")
    .description("One consent. Then your servers get valid access tokens with plain OAuth client credentials.")
    .version(ownVersion())
    .option("--json", "print one JSON value; refusals too, on standard error")
    .option("--folder <folder>", "where Evergrant keeps everything", ".evergrant")
    .option("--url <url>", "the running node to talk to (default: the demo's, else http://localhost:4180)")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
      // Told once, in the form that was asked for, where the command ends.
      outputError: () => {},
    })
    .configureHelp({ showGlobalOptions: true });
  for (const add of COMMANDS) add(program, world);
  return program;
}

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}
