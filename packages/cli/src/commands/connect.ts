import type { Connection, HeldConsent, PastedConsent } from "@evergrant/contract";
import type { Command } from "commander";
import encodeQR from "qr";
import type { AdminClient } from "../admin-client.ts";
import { adminLists } from "../admin-lists.ts";
import { NodeRefusal, UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession, type Session } from "../session.ts";
import { heldConsentQuestion } from "../text/consent-text.ts";
import { localInstant } from "../text/instants.ts";
import { consentResultText, pasteAddress } from "./consents.ts";

interface Options {
  readonly app?: string;
  readonly expectTenant?: string;
  readonly acceptAny?: boolean;
  readonly qr?: boolean;
  readonly paste?: boolean;
}

/** `evergrant connect`: a connection and the link that a person opens to consent. */
export function addConnect(program: Command, world: CommandWorld): void {
  program
    .command("connect <name>")
    .description("make a connection if there is none, and a link to consent with; on a terminal, wait for the consent")
    .option("--app <name>", "the app to connect with; needed for a new connection")
    .option("--expect-tenant <tenant>", "id or name of the organisation that the consent must bring")
    .option("--accept-any", "accept beforehand whichever organisation is chosen")
    .option("--qr", "show the link as a QR code too")
    .option("--paste", "for a person who cannot open pages of this server: an address to send, and one to paste back")
    .action(async (name: string, options: Options, command: Command) => {
      const session = openSession(world, command);
      const admin = session.admin();
      const connection = (await existing(admin, name)) ?? (await create(admin, name, options));
      checkSame(connection, options);
      if (connection.kind === "client_credentials") return await awaitApproval(session, admin, connection);
      if (options.paste === true) return await connectByPasting(session, admin, connection);
      const link = await linkFor(admin, connection, options);
      session.print({ json: { connection, link }, text: linkText(connection, link) });
      if (options.qr === true && !session.json) world.terminal.out(encodeQR(link.url, "ascii"));
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

// A Custom Connection is approved by e-mail at the provider; whether somebody has is found out by asking for a token.
async function awaitApproval(session: Session, admin: AdminClient, connection: Connection): Promise<void> {
  session.print({
    json: { connection, link: null },
    text: `${connection.name} needs no consent link: it is authorised at the provider (status: ${connection.status}).`,
  });
  if (!session.interactive || connection.status !== "awaiting-consent") return;
  const { terminal, time } = session.world;
  terminal.out(
    "Waiting until the person who got the provider's mail has approved. Ctrl-C stops waiting; Evergrant goes on asking.",
  );
  for (;;) {
    const now = await admin.call("readConnection", { params: { name: connection.name } });
    if (now.status !== "awaiting-consent") return terminal.out(`${now.name}: ${now.status}.`);
    await new Promise<void>((resolve) => time.setTimer(POLL_MS, resolve));
  }
}

async function connectByPasting(session: Session, admin: AdminClient, connection: Connection): Promise<void> {
  const { terminal } = session.world;
  const params = { name: connection.name };
  const begun = await admin.call("beginPastedConsent", { params });
  session.print({ json: { connection, pasted: begun }, text: pastingText(begun) });
  if (!session.interactive) return;
  const result = await pasteAddress(session, begun.id);
  if (result === null) return terminal.out(`Nothing was pasted. Later: evergrant consents paste ${begun.id}`);
  if (result.kind !== "held") return terminal.out(consentResultText(result));
  const consents = await adminLists.heldConsents(admin);
  const held = consents.find(({ id }) => id === begun.id);
  if (held !== undefined) await decide(session, admin, held);
}

function pastingText({ id, authorizeUrl, expiresAtMs }: PastedConsent): string {
  return [
    `Send this address to the person who is to consent. It works until ${localInstant(expiresAtMs)}.`,
    `  ${authorizeUrl}`,
    "After saying yes their browser shows a page that does not open. That is right: they copy its whole address and give it",
    `to you at once, because it works once and for some minutes only. Then: evergrant consents paste ${id}`,
  ].join("\n");
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
    const consents = await adminLists.heldConsents(admin);
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
