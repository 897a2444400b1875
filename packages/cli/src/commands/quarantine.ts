import { type Command, Option } from "commander";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { quarantineText } from "../text/quarantine-text.ts";

/** `evergrant quarantine`: why a node spends nothing, and the operator's word that ends it. */
export function addQuarantine(program: Command, world: CommandWorld): void {
  const quarantine = program
    .command("quarantine")
    .description("whether the database may have been restored or copied, and what to do about it");
  quarantine
    .command("show", { isDefault: true })
    .description("what was found, and what each answer would mean")
    .action(async (_options: object, command: Command) => {
      const session = openSession(world, command);
      const found = await session.admin().call("readQuarantine");
      session.print({ json: found, text: quarantineText(found) });
    });
  quarantine
    .command("release")
    .description("say what the database is, and let this deployment spend again")
    .addOption(
      new Option("--as <what>", "restored: put back from a backup; cloned: a copy of one that goes on elsewhere")
        .choices(["restored", "cloned"])
        .makeOptionMandatory(),
    )
    .action(async (options: { readonly as: "restored" | "cloned" }, command: Command) => {
      const session = openSession(world, command);
      const released = await session.admin().call("releaseQuarantine", { body: { as: options.as } });
      session.print({ json: released, text: RELEASED[options.as] });
    });
}

const RELEASED = {
  restored:
    "Released as restored. The journals of all nodes that run are put into the database, then refreshing begins again. See: evergrant health",
  cloned:
    "Released as cloned. Every connection that lives by a refresh token is left to the original and needs a consent of its own here. See: evergrant connections",
} as const;
