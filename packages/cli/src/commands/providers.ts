import type { ProviderList } from "@evergrant/contract";
import type { Command } from "commander";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { printable } from "../text/table.ts";

/** `evergrant providers`: what the node knows of each, providers of one's own among them. */
export function addProviders(program: Command, world: CommandWorld): void {
  program
    .command("providers")
    .description("the providers that apps can be added for, what each lets us promise, and what is unconfirmed")
    .action(async (_options: object, command: Command) => {
      const session = openSession(world, command);
      const known = await session.admin().call("listProviders");
      session.print({ json: known, text: known.providers.map(providerText).join("\n\n") });
    });
}

function providerText(provider: ProviderList["providers"][number]): string {
  const { id, displayName, cannotPromise, unconfirmed } = provider;
  const lines = [
    `${id}  ${displayName}`,
    ...cannotPromise.map((sentence) => `  ${sentence}`),
    ...(unconfirmed.length === 0 ? [] : [`  Used though no source says all of it: ${unconfirmed.join(", ")}.`]),
  ];
  return lines.map(printable).join("\n");
}
