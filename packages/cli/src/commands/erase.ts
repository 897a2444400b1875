import type { ErasedGrant } from "@evergrant/contract";
import type { Command } from "commander";
import { UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { printable } from "../text/table.ts";

interface Options {
  readonly yes?: boolean;
  /** False: the provider is not told. */
  readonly revoke: boolean;
}

/** `evergrant connections erase`: a grant, and what was kept of it, for good. */
export function addErase(connections: Command, world: CommandWorld): void {
  connections
    .command("erase <name>")
    .description("erase its grant with every connection on it: revoked at the provider, its key destroyed, for good")
    .option("--no-revoke", "leave it at the provider as it is")
    .option("--yes", "do not ask")
    .action(async (name: string, options: Options, command: Command) => {
      const session = openSession(world, command);
      const admin = session.admin();
      const plan = await admin.call("readRemoval", { params: { name } });
      const names = plan.revoke === null ? [name] : [...plan.revoke.connections];
      if (!session.json)
        world.terminal.out(`This erases ${names.join(", ")} and the grant under them. Nothing brings it back.`);
      if (options.yes !== true) {
        const sure = session.interactive && (await world.terminal.confirm("Erase all of this?"));
        if (sure !== true) throw new UsageError("Nothing was erased. Where nobody can be asked, say --yes.");
      }
      const body = { connections: names, revoke: options.revoke };
      const erased = await admin.call("eraseGrant", { params: { name }, body });
      session.print({ json: erased, text: erasedText(erased) });
    });
}

function erasedText({ connections, revoked, journals, left }: ErasedGrant): string {
  const waiting = journals.filter(({ erased }) => !erased).map(({ node }) => node);
  return printableLines([
    `Erased: ${connections.join(", ")}.${revoked ? " The provider confirmed the revocation." : ""}`,
    ...(waiting.length === 0
      ? []
      : [`Still in the journals of ${waiting.join(", ")}, until those nodes next look, or start.`]),
    "Not reached:",
    ...left.map(({ where, what }) => `  ${where}: ${what}`),
  ]);
}

function printableLines(lines: readonly string[]): string {
  return lines.map(printable).join("\n");
}
