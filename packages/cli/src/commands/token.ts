import type { Command } from "commander";
import { askForToken, findCredentials } from "../caller-token.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { duration } from "../text/instants.ts";
import { printable } from "../text/table.ts";

/** `evergrant token`: what a caller gets. */
export function addToken(program: Command, world: CommandWorld): void {
  program
    .command("token <connection>")
    .description("get an access token as a caller does; the token alone goes to standard output")
    .option(
      "--client-id <id>",
      "the caller (default: the demo's); its secret comes from EVERGRANT_CLIENT_SECRET or standard input",
    )
    .action(async (connection: string, options: { readonly clientId?: string }, command: Command) => {
      const session = openSession(world, command);
      const credentials = await findCredentials(session, options);
      const token = await askForToken(session.url, connection, credentials);
      session.print({ json: token, text: token.access_token });
      const organisations = token.tenants.map(({ id, name }) => `${name} (${id})`).join(", ") || "none";
      if (!session.json)
        world.terminal.err(printable(`Good for ${duration(token.expires_in * 1000)}. Organisations: ${organisations}`));
    });
}
