import type { Keys } from "@evergrant/contract";
import type { Command } from "commander";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { table } from "../text/table.ts";

/** `evergrant keys`: the key-encryption keys, by id. No key is ever shown. */
export function addKeys(program: Command, world: CommandWorld): void {
  const keys = program.command("keys").description("key-encryption keys: list, rotate, retire");
  keys
    .command("list", { isDefault: true })
    .description("which nodes have which, what still needs them, and how far wrapping anew has come")
    .action(async (_options: object, command: Command) => {
      const session = openSession(world, command);
      const found = await session.admin().call("listKeys");
      session.print({ json: found, text: keysText(found) });
    });
  keys
    .command("rotate")
    .description("make a new key the primary at every node; data keys are wrapped anew behind, while all goes on")
    .option("--to <id>", "a key that every node has already (default: a new one, put into this node's source)")
    .action(async (options: { readonly to?: string }, command: Command) => {
      const session = openSession(world, command);
      const found = await session.admin().call("rotateKey", { body: { to: options.to ?? null } });
      session.print({ json: found, text: keysText(found) });
    });
  keys
    .command("retire <id>")
    .description("take a key out of this node's ring that nothing needs any more")
    .action(async (id: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      const found = await session.admin().call("retireKey", { params: { id } });
      session.print({ json: found, text: `${id} is retired at this node.\n${keysText(found)}` });
    });
}

function keysText({ keys, reseal }: Keys): string {
  const rows = keys.map(({ id, primary, nodes, journals }) => [
    id,
    primary ? "primary" : "",
    nodes.join(" ") || "-",
    journals.join(" ") || "-",
  ]);
  const left =
    reseal.left === 0 ? "Everything is wrapped by the primary." : `${reseal.left} data keys are left to wrap anew.`;
  return [table(["ID", "", "AT NODES", "NEEDED BY JOURNALS OF"], rows), left].join("\n");
}
