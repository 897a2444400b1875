import type { AddedCaller, Caller } from "@evergrant/contract";
import type { Command } from "commander";
import type { AdminClient } from "../admin-client.ts";
import { UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { type MayPermission, parseMay, parseNarrowed, permissionText } from "../text/permission-text.ts";
import { table } from "../text/table.ts";

/** `evergrant callers`: servers of yours that may get tokens. */
export function addCallers(program: Command, world: CommandWorld): void {
  const callers = program.command("callers").description("your servers: OAuth clients of Evergrant");
  callers
    .command("add <name>")
    .description("add a caller; its id and secret are shown this once")
    .option("--may <rights>", "what it may do: RIGHT:CONNECTION, separated by commas, as in token:acme,consent:acme")
    .option("--gateway <narrowed>", GATEWAY_HELP, collect, [])
    .action(async (name: string, options: MayOptions, command: Command) => {
      const session = openSession(world, command);
      const permissions = permissionsOf(options);
      const added = await session.admin().call("addCaller", { body: { name, permissions } });
      session.print({ json: added, text: addedText(added) });
    });
  callers
    .command("list")
    .description("list all callers")
    .action(async (_options: object, command: Command) => {
      const session = openSession(world, command);
      const answer = await session.admin().call("listCallers");
      session.print({ json: answer, text: callerTable(answer.callers) });
    });
  addSecret(callers, world);
  addPermissions(callers, world);
  for (const verb of ["disable", "enable"] as const) addSwitch(callers, world, verb);
}

function addSecret(callers: Command, world: CommandWorld): void {
  callers
    .command("secret <name>")
    .description("give a caller, by name or id, a further secret, shown this once")
    .action(async (name: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      const admin = session.admin();
      const { id } = await findCaller(admin, name);
      const { clientSecret } = await admin.call("addCallerSecret", { params: { id } });
      session.print({ json: { clientId: id, clientSecret }, text: credentialsText(id, clientSecret) });
    });
}

function addPermissions(callers: Command, world: CommandWorld): void {
  callers
    .command("permit <name>")
    .description("say anew what a caller may do; takes the place of what it may now")
    .option("--may <rights>", 'RIGHT:CONNECTION, separated by commas; "" takes everything away')
    .option("--gateway <narrowed>", GATEWAY_HELP, collect, [])
    .action(async (name: string, options: MayOptions, command: Command) => {
      if (options.may === undefined && options.gateway.length === 0)
        throw new UsageError('Say what it may do with --may or --gateway; --may "" takes everything away.');
      const session = openSession(world, command);
      const permissions = permissionsOf(options);
      const admin = session.admin();
      const { id } = await findCaller(admin, name);
      const caller = await admin.call("setCallerPermissions", { params: { id }, body: { permissions } });
      session.print({ json: caller, text: callerTable([caller]) });
    });
}

function addSwitch(callers: Command, world: CommandWorld, verb: "disable" | "enable"): void {
  callers
    .command(`${verb} <name>`)
    .description(verb === "disable" ? "give a caller no more tokens" : "give a caller tokens again")
    .action(async (name: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      const admin = session.admin();
      const { id } = await findCaller(admin, name);
      const caller = await admin.call(verb === "disable" ? "disableCaller" : "enableCaller", { params: { id } });
      session.print({ json: caller, text: callerTable([caller]) });
    });
}

async function findCaller(admin: AdminClient, name: string): Promise<Caller> {
  const { callers } = await admin.call("listCallers");
  const found = callers.find((caller) => caller.name === name) ?? callers.find((caller) => caller.id === name);
  if (found === undefined) throw new UsageError(`There is no caller ${name}. See: evergrant callers list`);
  return found;
}

interface MayOptions {
  readonly may?: string;
  readonly gateway: readonly string[];
}

const GATEWAY_HELP =
  'a narrowed gateway permission, may be given again: "CONNECTION [METHOD,METHOD] [/PATH/**]... [tenant:ID]..."';

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

function permissionsOf({ may, gateway }: MayOptions): MayPermission[] {
  return [...(may === undefined || may.trim() === "" ? [] : parseMay(may)), ...gateway.map(parseNarrowed)];
}

function addedText({ caller, clientId, clientSecret }: AddedCaller): string {
  const may = caller.permissions.map(permissionText).join(", ") || "nothing yet";
  return [`Caller ${caller.name} added; it may: ${may}.`, credentialsText(clientId, clientSecret)].join("\n");
}

function credentialsText(clientId: string, clientSecret: string): string {
  return [
    `  client id      ${clientId}`,
    `  client secret  ${clientSecret}`,
    "The secret is shown this once: only its hash is kept.",
  ].join("\n");
}

function callerTable(callers: readonly Caller[]): string {
  if (callers.length === 0) return "No callers yet. Add one with: evergrant callers add NAME --may token:CONNECTION";
  return table(
    ["NAME", "ID", "MAY", "SECRETS", "STATE"],
    callers.map(({ name, id, permissions, secrets, disabledAtMs }) => [
      name,
      id,
      permissions.map(permissionText).join(", ") || "-",
      String(secrets.length),
      disabledAtMs === null ? "enabled" : "disabled",
    ]),
  );
}
