import type { AddedCaller, Caller } from "@evergrant/contract";
import type { Command } from "commander";
import type { AdminClient } from "../admin-client.ts";
import { adminLists } from "../admin-lists.ts";
import { UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { type MayPermission, parseMay, parseNarrowed, permissionText } from "../text/permission-text.ts";
import { table } from "../text/table.ts";
import {
  type AuthenticationOptions,
  authenticationOf,
  limitsText,
  NO_AUTHENTICATION,
  namesWays,
  waysText,
  withAuthenticationOptions,
} from "./caller-authentication.ts";
import { parseWholeNumber } from "./whole-number.ts";

/** `evergrant callers`: servers of yours that may get tokens. */
export function addCallers(program: Command, world: CommandWorld): void {
  const callers = program.command("callers").description("your servers: OAuth clients of Evergrant");
  withAuthenticationOptions(callers.command("add <name>"))
    .description("add a caller; its secret is shown this once, and there is none where it has another way in")
    .option("--secret", "give it a secret beside the other ways")
    .option("--may <rights>", "what it may do: RIGHT:CONNECTION, separated by commas, as in token:acme,consent:acme")
    .option("--gateway <narrowed>", GATEWAY_HELP, collect, [])
    .action(async (name: string, options: AddOptions, command: Command) => {
      const session = openSession(world, command);
      const permissions = permissionsOf(options);
      const body = { name, permissions, authentication: await authenticationOf(options, NO_AUTHENTICATION) };
      if (namesWays(options) && options.secret !== true) {
        const caller = await session.admin().call("addSecretlessCaller", { body });
        session.print({ json: caller, text: secretlessText(caller) });
        return;
      }
      const added = await session.admin().call("addCaller", { body });
      session.print({ json: added, text: addedText(added) });
    });
  callers
    .command("list")
    .description("list all callers")
    .action(async (_options: object, command: Command) => {
      const session = openSession(world, command);
      const callers = await adminLists.callers(session.admin());
      session.print({ json: { callers }, text: callerTable(callers) });
    });
  addSecret(callers, world);
  addSecretRemoval(callers, world);
  addAuthentication(callers, world);
  addPermissions(callers, world);
  for (const verb of ["disable", "enable"] as const) addSwitch(callers, world, verb);
}

function addSecret(callers: Command, world: CommandWorld): void {
  callers
    .command("secret <name>")
    .description("give a caller, by name or id, a further secret, shown this once; the one before stays good beside it")
    .option("--expires <days>", "it is good for so many days", parseWholeNumber)
    .action(async (name: string, { expires }: { readonly expires?: number }, command: Command) => {
      const session = openSession(world, command);
      const admin = session.admin();
      const { id } = await findCaller(admin, name);
      const { clientSecret } = await admin.call("addCallerSecret", {
        params: { id },
        body: { expiresAtMs: await expiryMs(admin, expires) },
      });
      session.print({ json: { clientId: id, clientSecret }, text: credentialsText(id, clientSecret) });
    });
}

// By Evergrant's own clock, which may not be this machine's.
async function expiryMs(admin: AdminClient, days: number | undefined): Promise<number | null> {
  return days === undefined ? null : (await admin.call("me")).nowMs + days * 86_400_000;
}

function addSecretRemoval(callers: Command, world: CommandWorld): void {
  callers
    .command("remove-secret <name> <secret>")
    .description("take a secret away, by the id that callers list --json shows")
    .action(async (name: string, secret: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      const admin = session.admin();
      const { id } = await findCaller(admin, name);
      const caller = await admin.call("removeCallerSecret", { params: { id, secret } });
      session.print({ json: caller, text: callerTable([caller]) });
    });
}

function addAuthentication(callers: Command, world: CommandWorld): void {
  withAuthenticationOptions(callers.command("authenticate <name>"))
    .description("say how a caller shows who it is besides its secrets, from where it may call, and how often")
    .addHelpText("after", "\nWhat is not named stays; none takes keys or workloads away, any takes a limit away.")
    .action(async (name: string, options: AuthenticationOptions, command: Command) => {
      if (!namesWays(options) && options.from === undefined && options.rate === undefined)
        throw new UsageError(
          "Say what is to change: --keys, --kubernetes, --github-actions, --oidc, --from or --rate.",
        );
      const session = openSession(world, command);
      const admin = session.admin();
      const { id, authentication } = await findCaller(admin, name);
      const body = await authenticationOf(options, authentication);
      const caller = await admin.call("setCallerAuthentication", { params: { id }, body });
      session.print({ json: caller, text: callerTable([caller]) });
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
  const callers = await adminLists.callers(admin);
  const found = callers.find((caller) => caller.name === name) ?? callers.find((caller) => caller.id === name);
  if (found === undefined) throw new UsageError(`There is no caller ${name}. See: evergrant callers list`);
  return found;
}

interface MayOptions {
  readonly may?: string;
  readonly gateway: readonly string[];
}

interface AddOptions extends MayOptions, AuthenticationOptions {
  readonly secret?: boolean;
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

function secretlessText(caller: Caller): string {
  const may = caller.permissions.map(permissionText).join(", ") || "nothing yet";
  return [
    `Caller ${caller.name} added; it may: ${may}.`,
    `  client id  ${caller.id}`,
    `It has no secret: it shows who it is by ${waysText(caller)}.`,
  ].join("\n");
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
    ["NAME", "ID", "MAY", "BY", "WITHIN", "STATE"],
    callers.map((caller) => [
      caller.name,
      caller.id,
      caller.permissions.map(permissionText).join(", ") || "-",
      waysText(caller),
      limitsText(caller),
      caller.disabledAtMs === null ? "enabled" : "disabled",
    ]),
  );
}
