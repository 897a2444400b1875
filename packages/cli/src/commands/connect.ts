import type { Connection, HeldConsent } from "@evergrant/contract";
import type { Command } from "commander";
import type { AdminClient } from "../admin-client.ts";
import { NodeRefusal, UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession, type Session } from "../session.ts";
import { heldConsentQuestion } from "../text/connection-text.ts";
import { localInstant } from "../text/instants.ts";
import { consentResultText } from "./consents.ts";

interface Options {
  readonly app?: string;
  readonly expectTenant?: string;
  readonly acceptAny?: boolean;
}

/** `evergrant connect`: a connection and the link that a person opens to consent. */
export function addConnect(program: Command, world: CommandWorld): void {
  program
    .command("connect <name>")
    .description("make a connection if there is none, and a link to consent with; on a terminal, wait for the consent")
    .option("--app <name>", "the app to connect with; needed for a new connection")
    .option("--expect-tenant <tenant>", "id or name of the organisation that the consent must bring")
    .option("--accept-any", "accept beforehand whichever organisation is chosen")
    .action(async (name: string, options: Options, command: Command) => {
      const session = openSession(world, command);
      const admin = session.admin();
      const connection = (await existing(admin, name)) ?? (await create(admin, name, options));
      checkSame(connection, options);
      if (connection.kind === "client_credentials") return session.print(withoutLink(connection));
      const link = await linkFor(admin, connection, options);
      session.print({ json: { connection, link }, text: linkText(connection, link) });
      if (session.interactive && link.waits) await waitForConsent(session, { admin, before: connection });
    });
}

interface Link {
  readonly url: string;
  readonly purpose: "first" | "again";
  readonly expiresAtMs: number | null;
  /** A person is needed now. */
  readonly waits: boolean;
}

async function existing(admin: AdminClient, name: string): Promise<Connection | null> {
  return await unlessRefused("connection_unknown", () => admin.call("readConnection", { params: { name } }));
}

async function create(admin: AdminClient, name: string, options: Options): Promise<Connection> {
  if (options.app === undefined)
    throw new UsageError(`There is no connection ${name} yet. Name the app for a new one with --app.`);
  const body = { name, app: options.app, expectedTenant: options.expectTenant ?? null };
  return await admin.call("createConnection", { body });
}

function checkSame(connection: Connection, { app, expectTenant }: Options): void {
  if (app !== undefined && app !== connection.app)
    throw new UsageError(`${connection.name} belongs to the app ${connection.app}, not ${app}. Choose another name.`);
  if (expectTenant !== undefined && expectTenant !== connection.expectedTenant)
    throw new UsageError(
      `${connection.name} expects ${connection.expectedTenant ?? "no organisation in particular"}, which was fixed when it was made.`,
    );
}

async function linkFor(admin: AdminClient, connection: Connection, options: Options): Promise<Link> {
  const params = { name: connection.name };
  const again = await unlessRefused("consent_not_needed", () => admin.call("readReconsentLink", { params }));
  if (again !== null) return { url: again.url, purpose: "again", expiresAtMs: null, waits: needsPerson(connection) };
  const first = await admin.call("createConsentLink", {
    params,
    body: { accept: options.acceptAny === true ? "any-tenant" : "ask" },
  });
  return { ...first, purpose: "first", waits: true };
}

function needsPerson({ status }: Connection): boolean {
  return status === "consent-needed" || status === "consent-held" || status === "tenant-gone" || status === "ended";
}

function withoutLink(connection: Connection) {
  return {
    json: { connection, link: null },
    text: `${connection.name} needs no consent link: it is authorised at the provider (status: ${connection.status}).`,
  };
}

function linkText(connection: Connection, link: Link): string {
  if (link.purpose === "again")
    return [
      `${connection.name} has been connected before (status: ${connection.status}).`,
      link.waits
        ? "Send this link to the person who is to consent again:"
        : "Nothing is to be done now. The link to consent again, for the day it is needed:",
      `  ${link.url}`,
    ].join("\n");
  const until = link.expiresAtMs === null ? "" : ` It works once, until ${localInstant(link.expiresAtMs)}.`;
  return [`Send this link to the person who is to consent.${until}`, `  ${link.url}`].join("\n");
}

const POLL_MS = 1_000;

// Whoever sent the link decides at once, while they remember whom they sent it to.
async function waitForConsent(session: Session, waiting: { admin: AdminClient; before: Connection }): Promise<void> {
  const { admin, before } = waiting;
  const { terminal, time } = session.world;
  const params = { name: before.name };
  terminal.out("Waiting for the consent. Ctrl-C stops waiting; the link stays good.");
  for (;;) {
    const { consents } = await admin.call("listConsents", { query: { held: "true" } });
    const held = consents.find(({ connection }) => connection === before.name);
    if (held !== undefined) return await decide(session, admin, held);
    const now = await admin.call("readConnection", { params });
    if (now.status === "connected" && now.renewedAtMs !== before.renewedAtMs) {
      terminal.out(`${now.name} is connected: ${now.tenants.map(({ name }) => name).join(", ")}.`);
      return;
    }
    await new Promise<void>((resolve) => time.setTimer(POLL_MS, resolve));
  }
}

async function decide({ world: { terminal } }: Session, admin: AdminClient, held: HeldConsent): Promise<void> {
  const accept = await terminal.confirm(heldConsentQuestion(held));
  if (accept === null) {
    terminal.out(`Nothing was decided. Later: evergrant consents accept ${held.id} (or refuse).`);
    return;
  }
  const result = await admin.call("decideConsent", { params: { id: held.id }, body: { accept } });
  terminal.out(consentResultText(result));
}

async function unlessRefused<Answer>(code: string, ask: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof NodeRefusal && error.problem.code === code) return null;
    throw error;
  }
}
