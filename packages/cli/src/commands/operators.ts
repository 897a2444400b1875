import { OPERATOR_ROLES, type Operator, type OperatorIdentity, type OperatorRole } from "@evergrant/contract";
import type { Command } from "commander";
import type { AdminClient } from "../admin-client.ts";
import { adminLists } from "../admin-lists.ts";
import { UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { operatorKeyText, operatorTable } from "../text/operator-text.ts";
import { parseWholeNumber } from "./whole-number.ts";

interface IdentityOptions {
  readonly issuer?: string;
  readonly subject?: string;
  readonly email?: string;
}

interface AddOptions extends IdentityOptions {
  readonly role: OperatorRole;
  readonly expires?: number;
  /** False: no key. */
  readonly key: boolean;
}

/** `evergrant operators`: the people who run Evergrant. */
export function addOperators(program: Command, world: CommandWorld): void {
  const operators = program
    .command("operators")
    .description("the people who run Evergrant: list, add, role, key, remove-key, identity, disable, enable");
  operators
    .command("list", { isDefault: true })
    .description("list all operators, with their roles and keys")
    .action(async (_options: object, command: Command) => {
      const session = openSession(world, command);
      const operators = await adminLists.operators(session.admin());
      session.print({ json: { operators }, text: operatorTable(operators) });
    });
  addAdd(operators, world);
  operators
    .command("role <name> <role>")
    .description(`set what an operator may do: ${ROLE_HELP}`)
    .action(async (name: string, role: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      const body = { role: parseRole(role) };
      const operator = await session.admin().call("setOperatorRole", { params: { name }, body });
      session.print({ json: operator, text: operatorTable([operator]) });
    });
  addKeys(operators, world);
  addIdentity(operators, world);
  for (const verb of ["disable", "enable"] as const) addSwitch(operators, world, verb);
}

const ROLE_HELP = "viewer (looks), operator (keeps connections going), admin (says who gets what)";

function addAdd(operators: Command, world: CommandWorld): void {
  withIdentity(operators.command("add <name>"))
    .description("add an operator; the key is shown this once")
    .requiredOption("--role <role>", ROLE_HELP, parseRole)
    .option("--expires <days>", "the key is good for so many days", parseWholeNumber)
    .option("--no-key", "no key: they sign in at the console alone")
    .action(async (name: string, options: AddOptions, command: Command) => {
      const session = openSession(world, command);
      const identity = identityOf(options);
      if (!options.key && identity === null)
        throw new UsageError("Without a key an operator needs --issuer and a name there.");
      const admin = session.admin();
      const key = options.key ? { expiresAtMs: await expiryMs(admin, options.expires) } : null;
      const added = await admin.call("addOperator", { body: { name, role: options.role, key, identity } });
      session.print({ json: added, text: operatorKeyText(name, added.operatorKey) });
    });
}

function addKeys(operators: Command, world: CommandWorld): void {
  operators
    .command("key <name>")
    .description("give an operator a further key, shown this once; the one before stays good beside it")
    .option("--expires <days>", "it is good for so many days", parseWholeNumber)
    .action(async (name: string, { expires }: { readonly expires?: number }, command: Command) => {
      const session = openSession(world, command);
      const admin = session.admin();
      const body = { expiresAtMs: await expiryMs(admin, expires) };
      const { operatorKey } = await admin.call("addOperatorKey", { params: { name }, body });
      session.print({ json: { name, operatorKey }, text: operatorKeyText(name, operatorKey) });
    });
  operators
    .command("remove-key <name> <key>")
    .description("take a key away, by the id that operators list shows")
    .action(async (name: string, key: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      const operator: Operator = await session.admin().call("removeOperatorKey", { params: { name, key } });
      session.print({ json: operator, text: operatorTable([operator]) });
    });
}

function addIdentity(operators: Command, world: CommandWorld): void {
  withIdentity(operators.command("identity <name>"))
    .description("say how an operator is known where they sign in to the console")
    .option("--none", "they come in by their keys alone")
    .action(async (name: string, options: IdentityOptions & { readonly none?: boolean }, command: Command) => {
      const session = openSession(world, command);
      const identity = identityOf(options);
      if ((identity === null) !== (options.none === true))
        throw new UsageError("Say --issuer with --subject or --email, or --none.");
      const operator = await session.admin().call("setOperatorIdentity", { params: { name }, body: { identity } });
      session.print({ json: operator, text: operatorTable([operator]) });
    });
}

function addSwitch(operators: Command, world: CommandWorld, verb: "disable" | "enable"): void {
  operators
    .command(`${verb} <name>`)
    .description(verb === "disable" ? "let an operator in no more, at once" : "let an operator in again")
    .action(async (name: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      const operation = verb === "disable" ? "disableOperator" : "enableOperator";
      const operator = await session.admin().call(operation, { params: { name } });
      session.print({ json: operator, text: operatorTable([operator]) });
    });
}

function withIdentity(command: Command): Command {
  return command
    .option("--issuer <url>", "where they sign in to the console, as its tokens say it")
    .option("--subject <id>", "who they are there: its `sub`")
    .option("--email <address>", "or by the e-mail address that it has verified");
}

function identityOf({ issuer, subject, email }: IdentityOptions): OperatorIdentity | null {
  if (issuer === undefined && subject === undefined && email === undefined) return null;
  if (issuer !== undefined && subject !== undefined && email === undefined) return { kind: "subject", issuer, subject };
  if (issuer !== undefined && email !== undefined && subject === undefined) return { kind: "email", issuer, email };
  throw new UsageError("An identity is --issuer with one of --subject and --email.");
}

function parseRole(text: string): OperatorRole {
  const role = OPERATOR_ROLES.find((known) => known === text);
  if (role === undefined) throw new UsageError(`A role is ${OPERATOR_ROLES.join(", ")}, not ${text}.`);
  return role;
}

// By Evergrant's own clock, which may not be this machine's.
async function expiryMs(admin: AdminClient, days: number | undefined): Promise<number | null> {
  return days === undefined ? null : (await admin.call("me")).nowMs + days * 86_400_000;
}
