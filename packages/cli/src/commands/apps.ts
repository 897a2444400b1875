import type { App, Connection } from "@evergrant/contract";
import type { Command } from "commander";
import { adminLists } from "../admin-lists.ts";
import { UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { printable, table } from "../text/table.ts";
import { readClientSecret } from "./secret-input.ts";

interface AddOptions {
  readonly provider: string;
  readonly clientId: string;
  /** False: the app has none. */
  readonly clientSecret: boolean;
  readonly clientSecretStdin?: boolean;
  readonly scopes?: string;
  readonly origins?: string;
}

/** `evergrant apps`: our OAuth clients at providers. */
export function addApps(program: Command, world: CommandWorld): void {
  const apps = program.command("apps").description("our OAuth clients at providers");
  apps
    .command("add <name>")
    .description("add an app and show the redirect URI to register at the provider")
    .requiredOption("--provider <name>", "the provider it is registered at")
    .requiredOption("--client-id <id>", "its client id there")
    .option("--client-secret-stdin", "read its client secret from standard input")
    .option("--no-client-secret", "it has none: a public client")
    .option("--scopes <scopes>", "scopes to ask for, separated by spaces or commas (default: the provider's)")
    .option("--origins <origins>", "identity=URL,login=URL,api=URL in place of the provider's own")
    .action(async (name: string, options: AddOptions, command: Command) => {
      const session = openSession(world, command);
      const origins = options.origins === undefined ? null : parseOrigins(options.origins);
      const scopes = options.scopes === undefined ? null : parseScopes(options.scopes);
      const admin = session.admin();
      const clientSecret = options.clientSecret
        ? await readClientSecret(session, options.clientSecretStdin === true)
        : null;
      const { provider, clientId } = options;
      const app = await admin.call("addApp", { body: { name, provider, clientId, clientSecret, scopes, origins } });
      session.print({ json: app, text: addedText(app) });
    });
  apps
    .command("list")
    .description("list all apps")
    .action(async (_options: object, command: Command) => {
      const session = openSession(world, command);
      const apps = await adminLists.apps(session.admin());
      session.print({ json: { apps }, text: appTable(apps) });
    });
  apps
    .command("secret <name>")
    .description("add a client secret in front of the others")
    .option("--client-secret-stdin", "read it from standard input")
    .action(async (name: string, options: { readonly clientSecretStdin?: boolean }, command: Command) => {
      const session = openSession(world, command);
      const admin = session.admin();
      const clientSecret = await readClientSecret(session, options.clientSecretStdin === true);
      const app = await admin.call("addAppSecret", { params: { name }, body: { clientSecret } });
      session.print({
        json: app,
        text: `${app.name} has ${app.clientSecrets.length} client secrets; the new one is used first.`,
      });
    });
  apps
    .command("scopes <name> <scopes>")
    .description("set the scopes that are asked for from the next consent on, separated by spaces or commas")
    .action(async (name: string, scopes: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      const admin = session.admin();
      const app = await admin.call("setAppScopes", { params: { name }, body: { scopes: parseScopes(scopes) } });
      const connections = await adminLists.connections(admin);
      const lacking = connections.filter((each) => each.app === app.name && each.missingScopes.length > 0);
      session.print({ json: app, text: scopesText(app, lacking) });
    });
}

/** `identity=https://a,login=https://b,api=https://c`, each once. */
export function parseOrigins(text: string): { identity: string; login: string; api: string } {
  const found = new Map<string, string>();
  for (const part of text.split(",")) {
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(at, 0)).trim();
    if (!["identity", "login", "api"].includes(name) || found.has(name)) throw wrongOrigins();
    found.set(name, part.slice(at + 1).trim());
  }
  const [identity, login, api] = [found.get("identity"), found.get("login"), found.get("api")];
  if (!identity || !login || !api) throw wrongOrigins();
  return { identity, login, api };
}

/** Scopes as people write them: separated by spaces, commas or both. */
export function parseScopes(text: string): string[] {
  const scopes = text.split(/[\s,]+/).filter((scope) => scope !== "");
  if (scopes.length === 0) throw new UsageError("--scopes names no scope.");
  return scopes;
}

function wrongOrigins(): UsageError {
  return new UsageError("--origins has the form identity=URL,login=URL,api=URL, each once.");
}

function addedText(app: App): string {
  return [
    `App ${app.name} added. Register this redirect URI at the provider, character for character:`,
    `  ${app.redirectUri}`,
    `Then: evergrant connect NAME --app ${app.name}`,
  ].join("\n");
}

function scopesText(app: App, lacking: readonly Connection[]): string {
  const asked = `${app.name} asks for ${app.scopes.join(" ")} from the next consent on.`;
  if (lacking.length === 0) return asked;
  const lines = lacking.map(({ name, missingScopes }) => `  ${printable(`${name} lacks ${missingScopes.join(" ")}`)}`);
  return [asked, "These connections go on with what they were given, until a person consents again:", ...lines].join(
    "\n",
  );
}

function appTable(apps: readonly App[]): string {
  if (apps.length === 0) return "No apps yet. Add one with: evergrant apps add NAME --provider PROVIDER --client-id ID";
  return table(
    ["NAME", "PROVIDER", "CLIENT ID", "SECRETS", "REDIRECT URI"],
    apps.map((app) => [app.name, app.provider, app.clientId, String(app.clientSecrets.length), app.redirectUri]),
  );
}
