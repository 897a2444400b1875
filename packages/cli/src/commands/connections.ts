import type { Connection, RemovedConnection, RevokedGrant } from "@evergrant/contract";
import type { Command } from "commander";
import { adminLists } from "../admin-lists.ts";
import { UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { connectionTable, connectionText, disconnectText, revocationText } from "../text/connection-text.ts";
import { addErase } from "./erase.ts";

/** `evergrant connections`: what stands, and what is done to it. */
export function addConnections(program: Command, world: CommandWorld): void {
  const connections = program
    .command("connections")
    .description("connections: list, show, check, warm, disable, enable, remove, revoke, erase");
  connections
    .command("list", { isDefault: true })
    .description("list all connections")
    .action(async (_options: object, command: Command) => {
      const session = openSession(world, command);
      const connections = await adminLists.connections(session.admin());
      session.print({ json: { connections }, text: connectionTable(connections) });
    });
  for (const { verb, operation, description } of VIEWS) {
    connections
      .command(`${verb} <name>`)
      .description(description)
      .action(async (name: string, _options: object, command: Command) => {
        const session = openSession(world, command);
        const connection: Connection = await session.admin().call(operation, { params: { name } });
        session.print({ json: connection, text: connectionText(connection) });
      });
  }
  addWarm(connections, world);
  addRemove(connections, world);
  addRevoke(connections, world);
  addErase(connections, world);
  addRevokeLinks(connections, world);
}

const VIEWS = [
  { verb: "show", operation: "readConnection", description: "all that is known of one" },
  { verb: "check", operation: "checkConnection", description: "look at the provider's list of organisations now" },
  { verb: "disable", operation: "disableConnection", description: "hand out no more tokens; the grant is kept alive" },
  { verb: "enable", operation: "enableConnection", description: "hand out tokens again" },
] as const;

function addWarm(connections: Command, world: CommandWorld): void {
  connections
    .command("warm <name> <hours>")
    .description(
      'keep a token ready: "always", "idle" (only while somebody uses it), or for a cron expression such as "0 2 * * 1-5"',
    )
    .option("--zone <zone>", "time zone of the cron expression", "UTC")
    .action(async (name: string, hours: string, { zone }: { readonly zone: string }, command: Command) => {
      const session = openSession(world, command);
      const body =
        hours === "always" || hours === "idle"
          ? ({ kind: hours } as const)
          : ({ kind: "cron", cron: hours, zone } as const);
      const connection = await session.admin().call("setWarmHours", { params: { name }, body });
      session.print({ json: connection, text: connectionText(connection) });
    });
}

function addRemove(connections: Command, world: CommandWorld): void {
  connections
    .command("remove <name>")
    .description("disconnect it at the provider and forget it; the grant is revoked with its last connection")
    .option("--yes", "do not ask")
    .action(async (name: string, options: { readonly yes?: boolean }, command: Command) => {
      const session = openSession(world, command);
      const admin = session.admin();
      if (options.yes !== true && session.interactive) {
        world.terminal.out(disconnectText(await admin.call("readRemoval", { params: { name } })));
        const sure = await world.terminal.confirm(`Remove ${name}? Only a person can connect it again.`);
        if (sure !== true) throw new UsageError("Nothing was removed.");
      }
      const removed = await admin.call("removeConnection", { params: { name } });
      session.print({ json: removed, text: removedText(name, removed) });
    });
}

function addRevoke(connections: Command, world: CommandWorld): void {
  connections
    .command("revoke <name>")
    .description(
      "revoke its grant at the provider, which ends every connection on it; they stay, and can be consented to again",
    )
    .option("--yes", "do not ask")
    .action(async (name: string, options: { readonly yes?: boolean }, command: Command) => {
      const session = openSession(world, command);
      const admin = session.admin();
      const plan = await admin.call("readRemoval", { params: { name } });
      if (plan.revoke === null) throw new UsageError(revocationText(plan));
      if (!session.json) world.terminal.out(revocationText(plan));
      if (options.yes !== true) {
        const sure = session.interactive && (await world.terminal.confirm("Revoke all of this?"));
        if (sure !== true) throw new UsageError("Nothing was revoked. Where nobody can be asked, say --yes.");
      }
      const body = { connections: [...plan.revoke.connections] };
      const revoked = await admin.call("revokeGrant", { params: { name }, body });
      session.print({ json: revoked, text: revokedText(revoked) });
    });
}

function revokedText({ connections, confirmed }: RevokedGrant): string {
  const ended = `Ended: ${connections.join(", ")}. Nothing of the grant is ever used again here.`;
  return confirmed ? ended : `${ended} The provider has not confirmed it: look there too.`;
}

function addRevokeLinks(connections: Command, world: CommandWorld): void {
  connections
    .command("revoke-links <name>")
    .description("make every consent link that was sent so far invalid, also those for a first consent")
    .action(async (name: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      await session.admin().call("revokeConsentLinks", { params: { name } });
      session.print({
        json: { connection: name, revoked: true },
        text: `All links sent so far for ${name} are invalid.`,
      });
    });
}

function removedText(name: string, { disconnected, remaining, grantRevoked }: RemovedConnection): string {
  return [
    `${name} is removed.`,
    disconnected.length === 0
      ? "No organisation was disconnected at the provider."
      : `Disconnected at the provider: ${disconnected.join(", ")}.`,
    grantRevoked
      ? "It was the last on its grant, which was revoked."
      : `Its grant lives on${remaining.length === 0 ? "" : ` for ${remaining.join(", ")}`}.`,
  ].join("\n");
}
