import { type Command, InvalidArgumentError, Option } from "commander";
import type { SandboxOptions } from "../create-sandbox.ts";
import { DIALECTS, type DialectName, type Switches } from "../engine/index.ts";

/** The options of a sandbox that is started, as the command line gives them. */
export interface StartOptions {
  readonly port: number;
  readonly host?: string;
  readonly seed?: number | "random";
  readonly dialect: DialectName;
  readonly file?: string;
  readonly clock?: string;
  readonly smtp?: string;
  readonly redirectUri?: readonly string[];
  readonly switch?: Readonly<Record<string, unknown>>;
}

/** Adds them to a command. */
export function addSandboxOptions(command: Command, defaultPort: number): Command {
  return command
    .option("--port <port>", "where it listens; 0 picks a free port", parsePort, defaultPort)
    .option(
      "--host <address>",
      "the address it listens on; its control API is for this machine whatever it is (default: 127.0.0.1)",
    )
    .option(
      "--seed <number>",
      'ids and secrets follow from it; "random" makes them unpredictable (default: 1)',
      parseSeed,
    )
    .addOption(
      new Option("--dialect <name>", "how refresh tokens rotate").choices(Object.keys(DIALECTS)).default("xero"),
    )
    .option("--file <file>", "where to keep everything (default: in memory)")
    .option("--clock <instant>", 'moves its clock at the start: an instant ("2027-09-01") or a duration ("61d")')
    .option(
      "--smtp <url>",
      "the mail server for the mails of Custom Connections, smtp://host:port (default: an outbox of its own)",
    )
    .option("--redirect-uri <uri...>", "redirect URIs of the demo app")
    .option(
      "--switch <name=value...>",
      "a switch that differs from the dialect, such as grace.seconds=60",
      collectSwitch,
    );
}

/** The same as options of `createSandbox`. */
export function sandboxOptions(given: StartOptions): SandboxOptions {
  const { clock: _clock, switch: switches, redirectUri, ...options } = given;
  return {
    ...options,
    ...(switches === undefined ? {} : { switches: switches as Partial<Switches> }),
    ...(redirectUri === undefined ? {} : { redirectUris: redirectUri }),
  };
}

/** Where the clock goes: by a duration, or to an instant in any form that a date has. */
export function clockMove(text: string): { readonly by: string } | { readonly to: string } {
  if (/^\d+(ms|s|m|h|d)$/.test(text)) return { by: text };
  const atMs = Date.parse(text);
  return { to: Number.isNaN(atMs) ? text : new Date(atMs).toISOString() };
}

export function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
}

function parseSeed(text: string): number | "random" {
  if (text === "random") return text;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A seed is a whole number or "random".');
}

function collectSwitch(
  text: string,
  before: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("A switch is given as name=value.");
  return { ...before, [name]: /^(?:true|false|null|-?\d+)$/.test(value) ? JSON.parse(value) : value };
}
