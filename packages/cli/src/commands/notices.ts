import { type AddedRecipient, CHANNELS, NOTICE_NAMES, type NoticeDelivery, type Recipient } from "@evergrant/contract";
import { type Command, Option } from "commander";
import type { AdminClient } from "../admin-client.ts";
import { UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { localInstant } from "../text/instants.ts";
import { table } from "../text/table.ts";
import { parseWholeNumber } from "./whole-number.ts";

const PAGE = 200;

/** `evergrant notices`: who is told what happens, by mail or by signed webhook. */
export function addNotices(program: Command, world: CommandWorld): void {
  const notices = program.command("notices").description("who is told what happens, by mail or webhook");
  addRecipients(notices, world);
  addSecret(notices, world);
  addDeliveries(notices, world);
  for (const verb of ["disable", "enable"] as const) addSwitch(notices, world, verb);
}

interface AddOptions {
  readonly connection?: string;
  readonly only?: string;
}

function addRecipients(notices: Command, world: CommandWorld): void {
  for (const channel of CHANNELS)
    notices
      .command(`add-${channel} <address>`)
      .description(
        channel === "email" ? "tell a mail address" : "tell a URL by signed posts; its secret is shown this once",
      )
      .option("--connection <name>", "only what concerns this connection (its owner, for example)")
      .option("--only <notices>", `only these, separated by commas: ${NOTICE_NAMES.join(", ")}`)
      .action(async (address: string, options: AddOptions, command: Command) => {
        const session = openSession(world, command);
        const connection = options.connection ?? null;
        const body = { channel, address, connection, only: onlyOf(options.only) };
        const added = await session.admin().call("addRecipient", { body });
        session.print({ json: added, text: addedText(added) });
      });
  notices
    .command("list")
    .description("list everybody who is told")
    .action(async (_options: object, command: Command) => {
      const session = openSession(world, command);
      const answer = await session.admin().call("listRecipients");
      session.print({ json: answer, text: recipientTable(answer.recipients) });
    });
  notices
    .command("remove <id>")
    .description("tell a recipient nothing more, also of what waits for it")
    .action(async (id: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      await session.admin().call("removeRecipient", { params: { id } });
      session.print({ json: { removed: id }, text: `${id} is told nothing more.` });
    });
}

function addSecret(notices: Command, world: CommandWorld): void {
  notices
    .command("secret <id>")
    .description("give a webhook a further secret, shown this once; posts are signed with both")
    .action(async (id: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      const { secret } = await session.admin().call("addRecipientSecret", { params: { id } });
      session.print({ json: { id, secret }, text: secretText(secret) });
    });
}

function addDeliveries(notices: Command, world: CommandWorld): void {
  notices
    .command("deliveries")
    .description("what was told, what waits, and what was given up, newest first")
    .addOption(new Option("--status <status>", "only these").choices(["waiting", "delivered", "dead"]))
    .option("--limit <count>", "at most so many", parseWholeNumber, 50)
    .action(async (options: { status?: string; limit: number }, command: Command) => {
      const session = openSession(world, command);
      const answer = await readDeliveries(session.admin(), options);
      session.print({ json: answer, text: deliveryTable(answer.deliveries) });
    });
  notices
    .command("replay [ids...]")
    .description("send deliveries once more, by number, or with --dead all that were given up")
    .option("--dead", "all that were given up")
    .action(async (ids: string[], { dead = false }: { dead?: boolean }, command: Command) => {
      if (dead === ids.length > 0) throw new UsageError("Name deliveries by number, or say --dead.");
      const session = openSession(world, command);
      const deliveries = dead ? ("dead" as const) : ids.map(parseWholeNumber);
      const answer = await session.admin().call("replayNotices", { body: { deliveries } });
      session.print({ json: answer, text: `${answer.replayed} go out once more.` });
    });
}

async function readDeliveries(admin: AdminClient, { status, limit }: { status?: string; limit: number }) {
  const deliveries: NoticeDelivery[] = [];
  for (let at = {}; ; ) {
    const size = String(Math.min(PAGE, limit - deliveries.length));
    const query = { ...(status === undefined ? {} : { status }), ...at, limit: size };
    const { counts, next, ...page } = await admin.call("listDeliveries", { query });
    deliveries.push(...page.deliveries);
    if (next === null || deliveries.length >= limit) return { deliveries, counts };
    at = { cursor: next };
  }
}

function addSwitch(notices: Command, world: CommandWorld, verb: "disable" | "enable"): void {
  notices
    .command(`${verb} <id>`)
    .description(
      verb === "disable"
        ? "tell a recipient nothing until it is enabled; what waits for it stays"
        : "tell a recipient again",
    )
    .action(async (id: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      const operation = verb === "disable" ? "disableRecipient" : "enableRecipient";
      const recipient = await session.admin().call(operation, { params: { id } });
      session.print({ json: recipient, text: recipientTable([recipient]) });
    });
}

function onlyOf(text: string | undefined) {
  if (text === undefined) return null;
  return text.split(",").map((part) => {
    const found = NOTICE_NAMES.find((name) => name === part.trim());
    if (found === undefined) throw new UsageError(`There is no notice ${part}. There are: ${NOTICE_NAMES.join(", ")}`);
    return found;
  });
}

function addedText({ recipient, secret }: AddedRecipient): string {
  const what = recipient.connection === null ? "everything" : `connection ${recipient.connection}`;
  return [`${recipient.address} is told of ${what}.`, ...(secret === null ? [] : [secretText(secret)])].join("\n");
}

function secretText(secret: string): string {
  return `  signing secret  ${secret}\nIt is shown this once. Posts are signed as Standard Webhooks says.`;
}

function recipientTable(recipients: readonly Recipient[]): string {
  if (recipients.length === 0) return "Nobody is told yet. Add somebody with: evergrant notices add-email ADDRESS";
  return table(
    ["ID", "CHANNEL", "ADDRESS", "OF", "ONLY", "STATE"],
    recipients.map(({ id, channel, address, connection, only, disabledAtMs }) => [
      ...[id, channel, address, connection ?? "everything", only?.join(",") ?? "-"],
      disabledAtMs === null ? "enabled" : "disabled",
    ]),
  );
}

function deliveryTable(deliveries: readonly NoticeDelivery[]): string {
  if (deliveries.length === 0) return "Nothing was told.";
  return table(
    ["NUMBER", "NOTICE", "TO", "HAPPENED", "STATUS", "TRIES", "ERROR"],
    deliveries.map(({ id, notice, address, atMs, status, attempts, error }) => [
      ...[String(id), notice, address, localInstant(atMs), status, String(attempts), error ?? "-"],
    ]),
  );
}
