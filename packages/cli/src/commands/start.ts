import { join } from "node:path";
import { EvergrantError, parseNetwork, Secret } from "@evergrant/core";
import type { Command } from "commander";
import { UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { keyRingOf, storeOf } from "../node-options.ts";
import { readFileIfThere } from "../private-file.ts";
import { readProviderFiles } from "../provider-files.ts";
import { openSession } from "../session.ts";
import type { OperatorKeyPlace, StartedNode, StartOptions } from "../start-node.ts";
import { parsePort } from "./whole-number.ts";

interface Options {
  readonly port: number;
  readonly host?: string;
  readonly publicUrl?: string;
  readonly adminPort?: number;
  readonly followClock?: string;
  readonly store?: string;
  readonly kekFile?: string;
  readonly smtp?: string;
  readonly mailFrom?: string;
  readonly smtpPasswordFile?: string;
  readonly smtpCaFile?: string;
  readonly providers?: string;
  readonly kms?: string;
  readonly keysFrom: readonly string[];
  readonly trustedProxy: readonly string[];
  readonly consoleUrl?: string;
  readonly oidcIssuer?: string;
  readonly oidcClientId?: string;
  readonly oidcSecretFile?: string;
}

/** `evergrant start`: a node, until it is told to stop. */
export function addStart(program: Command, world: CommandWorld): void {
  program
    .command("start")
    .description("start Evergrant and run until Ctrl-C")
    .option("--port <port>", "where it listens; 0 picks a free port", parsePort, 4180)
    .option("--host <address>", "the address to listen on (default: 127.0.0.1, this machine alone)")
    .option("--public-url <url>", "where browsers and callers reach it; required with --host off this machine")
    .option(
      "--admin-port <port>",
      "where the admin API listens on 127.0.0.1 beside a public URL (default: 4182)",
      parsePort,
    )
    .option("--store <dsn>", "postgres://… shared by any number of nodes (default: evergrant.db in the folder)")
    .option("--kek-file <path>", "the key file, the same for all nodes of a store (default: kek in the folder)")
    .option("--providers <path>", "providers of your own: a JSON file, or a folder of them")
    .option(
      "--kms <key>",
      "aws:KEY or vault:MOUNT/KEY: the keys in the key file are encrypted by it (credentials from the environment)",
    )
    .option(
      "--keys-from <network>",
      "where keys of callers may be fetched besides the open internet: ADDRESS/PREFIX; may be given again",
      collectNetwork,
      [],
    )
    .option(
      "--trusted-proxy <network>",
      "a proxy whose X-Forwarded-For is believed: ADDRESS/PREFIX; may be given again (default: none)",
      collectNetwork,
      [],
    )
    .option("--console-url <url>", "where browsers reach the console (default: the admin API's own address)")
    .option("--oidc-issuer <url>", "where operators may sign in to the console, besides by their keys")
    .option(
      "--oidc-client-id <id>",
      "Evergrant's client id there; its redirect URI is CONSOLE/console/sign-in/callback",
    )
    .option("--oidc-secret-file <path>", "the file with its client secret there (default: a public client)")
    .option("--follow-clock <url>", "follow the clock of a sandbox: its control URL")
    .option("--smtp <url>", "the mail server: smtps://[USER@]HOST or smtp://[USER@]HOST:587 (default: no mail is sent)")
    .option("--mail-from <address>", "from whom mails come; required with --smtp")
    .option("--smtp-password-file <path>", "the mail server's password (or EVERGRANT_SMTP_PASSWORD)")
    .option(
      "--smtp-ca-file <path>",
      "the authority that the mail server's certificate is from, PEM (default: the public ones)",
    )
    .action(async (options: Options, command: Command) => {
      const session = openSession(world, command);
      const stopped = world.untilStopped();
      const { createRequestLog } = await import("@evergrant/server");
      const { startNode } = await import("../start-node.ts");
      const { folder } = session;
      const node = await startNode({
        ...addressOf(options),
        ...storeOf(options, world.env),
        ...consoleOf(options),
        ...(await mailOf(options, world.env)),
        ...(options.providers === undefined ? {} : { ownProviders: readProviderFiles(options.providers) }),
        ...keyRingOf({ ...options, folder }, world.env),
        folder,
        log: createRequestLog({ destination: { write: (line) => world.terminal.err(line.trimEnd()) } }),
        terminal: session.interactive ? { show: (text) => world.terminal.out(text) } : false,
      });
      const { url, adminUrl, operatorKey } = node;
      session.print({
        json: { url, adminUrl, folder, operatorKey },
        text: startedText(node, folder),
      });
      await stopped;
      await node.close();
    });
}

type Address = Pick<Options, "port" | "host" | "publicUrl" | "adminPort" | "followClock">;

function addressOf(options: Options): Address & Pick<StartOptions, "keyNetworks" | "trustedProxies"> {
  const { port, host, publicUrl, adminPort, followClock, keysFrom, trustedProxy } = options;
  return {
    port,
    ...(host === undefined ? {} : { host }),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(adminPort === undefined ? {} : { adminPort }),
    ...(followClock === undefined ? {} : { followClock }),
    keyNetworks: keysFrom,
    trustedProxies: trustedProxy,
  };
}

function consoleOf(options: Options): Pick<StartOptions, "consoleUrl" | "openId"> {
  const { consoleUrl, oidcIssuer: issuer, oidcClientId: clientId, oidcSecretFile: file } = options;
  const at = consoleUrl === undefined ? {} : { consoleUrl };
  if (issuer === undefined && clientId === undefined && file === undefined) return at;
  if (issuer === undefined || clientId === undefined)
    throw new UsageError("To let operators sign in elsewhere give both --oidc-issuer and --oidc-client-id.");
  return { ...at, openId: { issuer, clientId, clientSecret: file === undefined ? null : secretIn(file) } };
}

function secretIn(file: string): Secret {
  const text = readFileIfThere(file)?.trim() ?? "";
  if (text !== "") return new Secret(text);
  throw new EvergrantError("sign_in_misconfigured", { detail: `no secret can be read from ${file}` });
}

function collectNetwork(text: string, before: readonly string[]): readonly string[] {
  if (parseNetwork(text) === null)
    throw new UsageError(`A network is written ADDRESS/PREFIX, as in 10.1.0.0/16, not ${text}.`);
  return [...before, text];
}

// A password never stands on a command line, where every process of the machine could read it.
async function mailOf(options: Options, env: NodeJS.ProcessEnv): Promise<Pick<StartOptions, "mail">> {
  const url = options.smtp ?? env["EVERGRANT_SMTP"];
  if (url === undefined) return {};
  const from = options.mailFrom ?? env["EVERGRANT_MAIL_FROM"];
  if (from === undefined) throw new UsageError("Say from whom mails come, with --mail-from.");
  const { mailServerOf } = await import("@evergrant/keeper");
  const password = fileOf(options.smtpPasswordFile)?.replace(/\r?\n$/, "") ?? env["EVERGRANT_SMTP_PASSWORD"];
  return { mail: mailServerOf({ url, from, password, ca: fileOf(options.smtpCaFile) }) };
}

function fileOf(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const text = readFileIfThere(path);
  if (text === null) throw new UsageError(`There is no file ${path}.`);
  return text;
}

function startedText({ url, adminUrl, consoleUrl, operatorKey }: StartedNode, folder: string): string {
  return [
    `Evergrant listens at ${url}`,
    ...(adminUrl === url ? [] : [`Admin API at ${adminUrl}`]),
    `Console at ${consoleUrl}`,
    operatorKeyText(operatorKey, folder),
    `Everything is kept in ${folder}. Ctrl-C ends it.`,
  ].join("\n");
}

function operatorKeyText(place: OperatorKeyPlace, folder: string): string {
  switch (place.kind) {
    case "shown":
      return "The operator key was shown above; it is kept here only as a hash.";
    case "written":
      return `The operator key is in ${place.file} (readable by you alone).`;
    case "made-before":
      return `The operator key is the one made at the first start (shown on that terminal, or in ${join(folder, "operator-key")}).`;
  }
}
