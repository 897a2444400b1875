import { type AddedCaller, type Caller, NAME_PATTERN, RIGHTS, type Right } from "@evergrant/contract";
import type { Command } from "commander";
import type { AdminClient } from "../admin-client.ts";
import { UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { table } from "../text/table.ts";

/** `evergrant callers`: servers of yours that may get tokens. */
export function addCallers(program: Command, world: CommandWorld): void {
  const callers = program.command("callers").description("your servers: OAuth clients of Evergrant");
  callers
    .command("add <name>")
    .description("add a caller; its id and secret are shown this once")
    .option("--may <rights>", "what it may do: RIGHT:CONNECTION, separated by commas, as in token:acme,consent:acme")
    .action(async (name: string, options: { readonly may?: string }, command: Command) => {
      const session = openSession(world, command);
      const permissions = options.may === undefined ? [] : parseMay(options.may);
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
    .requiredOption("--may <rights>", 'RIGHT:CONNECTION, separated by commas; "" takes everything away')
    .action(async (name: string, options: { readonly may: string }, command: Command) => {
      const session = openSession(world, command);
      const permissions = options.may.trim() === "" ? [] : parseMay(options.may);
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

/** `token:acme,consent:acme` as permissions. */
export function parseMay(text: string): { connection: string; right: Right }[] {
  return text.split(",").map((part) => {
    const [right = "", connection = "", ...rest] = part.trim().split(":");
    const known = RIGHTS.find((each) => each === right);
    if (known === undefined || !NAME_PATTERN.test(connection) || rest.length > 0)
      throw new UsageError(
        `--may has the form RIGHT:CONNECTION, with a right of ${RIGHTS.join(", ")}; not "${part.trim()}".`,
      );
    return { connection, right: known };
  });
}

function addedText({ caller, clientId, clientSecret }: AddedCaller): string {
  const may = caller.permissions.map(({ right, connection }) => `${right}:${connection}`).join(", ") || "nothing yet";
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
      permissions.map(({ right, connection }) => `${right}:${connection}`).join(", ") || "-",
      String(secrets.length),
      disabledAtMs === null ? "enabled" : "disabled",
    ]),
  );
}
