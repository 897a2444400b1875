import type { Import, ImportedToken, NewImports } from "@evergrant/contract";
import type { Command } from "commander";
import type { AdminClient } from "../admin-client.ts";
import { UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession, type Session } from "../session.ts";
import { readImportList } from "../text/import-list.ts";
import { consentResultText } from "./consents.ts";
import { readSecretLine } from "./secret-input.ts";

interface Options {
  readonly app?: string;
  readonly tokenStdin?: boolean;
  readonly file?: string;
  readonly check?: boolean;
  readonly expectTenant?: string;
  readonly expectSubject?: string;
}

/** As many as one request may bring, and as much: the rest follows in others, after all were looked at. */
const PER_REQUEST = 50;
const BYTES_PER_REQUEST = 48_000;

/** `evergrant import`: refresh tokens that another system holds. A token never stands in the command line. */
export function addImport(program: Command, world: CommandWorld): void {
  program
    .command("import [name]")
    .description("take refresh tokens over from another system, which must have stopped using them")
    .option("--app <name>", "the app that the token was issued to (default: the connection's)")
    .option("--token-stdin", "read the refresh token from standard input")
    .option("--file <path>", "many at once: a JSON array, or one JSON object per line; - reads standard input")
    .option("--check", "look at all of them, and send nothing")
    .option("--expect-tenant <organisation>", "id or name of the organisation that it has to reach")
    .option("--expect-subject <id>", "the provider's name for the person it has to belong to")
    .action(async (name: string | undefined, options: Options, command: Command) => {
      const session = openSession(world, command);
      const admin = session.admin();
      const tokens = await readTokens(session, name, options);
      const requests = inRequests(tokens);
      // All are looked at before the first is sent.
      for (const request of requests)
        await admin.call("importTokens", { body: { tokens: [...request], checkOnly: true } });
      if (options.check === true)
        return session.print({ json: { imports: [] }, text: `${tokens.length} can be imported. Nothing was sent.` });
      const imports: Import[] = [];
      for (const request of requests) imports.push(...(await bring(admin, { tokens: [...request] })));
      session.print({ json: { imports }, text: imports.map(importText).join("\n") });
    });
}

async function bring(admin: AdminClient, body: NewImports): Promise<readonly Import[]> {
  return (await admin.call("importTokens", { body })).imports;
}

async function readTokens(
  session: Session,
  name: string | undefined,
  options: Options,
): Promise<readonly ImportedToken[]> {
  const { file } = options;
  if ((name === undefined) === (file === undefined))
    throw new UsageError("Name one connection, or give a list with --file.");
  if (file !== undefined) return await readImportList(session.world.terminal, file);
  const refreshToken = await readSecretLine(session, {
    what: "refresh token",
    fromInput: options.tokenStdin === true,
    flag: "--token-stdin",
  });
  return [
    {
      connection: name ?? "",
      app: options.app ?? null,
      refreshToken,
      expectedTenant: options.expectTenant ?? null,
      expectedSubject: options.expectSubject ?? null,
    },
  ];
}

function inRequests(tokens: readonly ImportedToken[]): readonly (readonly ImportedToken[])[] {
  const requests: ImportedToken[][] = [];
  let bytes = 0;
  for (const token of tokens) {
    const own = JSON.stringify(token).length;
    const last = requests.at(-1);
    if (last === undefined || last.length === PER_REQUEST || bytes + own > BYTES_PER_REQUEST) {
      requests.push([token]);
      bytes = own;
    } else {
      last.push(token);
      bytes += own;
    }
  }
  return requests;
}

function importText({ id, result, trouble }: Import): string {
  switch (result.kind) {
    case "pending":
      return `${result.connection} is not verified yet${trouble === null ? "" : ` (${trouble})`}; it goes on by itself. See: evergrant consents history ${result.connection}`;
    case "held":
      return `${consentResultText(result)} See: evergrant consents show ${id}`;
    case "failed":
      return `The import for ${result.connection} failed (${result.code}).`;
    case "accepted":
    case "refused":
    case "declined":
      return consentResultText(result);
  }
}
