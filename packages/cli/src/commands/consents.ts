import type { ConsentResult } from "@evergrant/contract";
import type { Command } from "commander";
import { adminLists } from "../admin-lists.ts";
import { UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession, type Session } from "../session.ts";
import { consentHistoryTable, heldConsentTable, heldConsentText } from "../text/consent-text.ts";
import { printable } from "../text/table.ts";

/** `evergrant consents`: those that wait for an operator's yes or no, and those that were. */
export function addConsents(program: Command, world: CommandWorld): void {
  const consents = program.command("consents").description("consents that wait for a decision");
  consents
    .command("list", { isDefault: true })
    .description("list consents that wait")
    .action(async (_options: object, command: Command) => {
      const session = openSession(world, command);
      const consents = await adminLists.heldConsents(session.admin());
      session.print({ json: { consents }, text: heldConsentTable(consents) });
    });
  consents
    .command("show <id>")
    .description("all that is known of one that waits")
    .action(async (id: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      const held = await adminLists.heldConsents(session.admin());
      const found = held.find((each) => each.id === id);
      if (found === undefined) throw new UsageError(`No consent ${id} waits for a decision.`);
      session.print({ json: found, text: heldConsentText(found) });
    });
  consents
    .command("history <connection>")
    .description("who consented to a connection, when, from where, and what became of it")
    .action(async (name: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      const consents = await adminLists.consentHistory(session.admin(), name);
      session.print({ json: { consents }, text: consentHistoryTable(consents) });
    });
  consents
    .command("paste <id>")
    .description("take in the address that a person ended on (asked for, or from standard input): see connect --paste")
    .action(async (id: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      const result = await pasteAddress(session, id);
      if (result !== null) session.print({ json: result, text: consentResultText(result) });
    });
  for (const [verb, accept] of [
    ["accept", true],
    ["refuse", false],
  ] as const) {
    consents
      .command(`${verb} <id>`)
      .description(`${verb} a consent that waits`)
      .action(async (id: string, _options: object, command: Command) => {
        const session = openSession(world, command);
        const result = await session.admin().call("decideConsent", { params: { id }, body: { accept } });
        session.print({ json: result, text: consentResultText(result) });
      });
  }
}

/** Asks for the address that a person ended on, and hands it in; null where the question was cancelled. It holds a code: never an argument. */
export async function pasteAddress(session: Session, id: string): Promise<ConsentResult | null> {
  const { terminal } = session.world;
  const address = session.interactive
    ? await terminal.ask("The whole address that the person's browser shows now:")
    : await terminal.readInput();
  if (address === null) return null;
  if (address.trim() === "") throw new UsageError("Give the whole address that the person's browser shows.");
  return await session.admin().call("pasteCallback", { params: { id }, body: { address: address.trim() } });
}

/** What became of a consent, in one sentence. */
export function consentResultText(result: ConsentResult): string {
  const { connection } = result;
  switch (result.kind) {
    case "pending":
      return `The consent for ${connection} is under way.`;
    case "accepted":
      return printable(
        `${connection} is connected: ${result.tenants.join(", ")}.${
          result.sharedWith.length === 0
            ? ""
            : ` It shares its grant with ${result.sharedWith.join(", ")}: callers of each reach the organisations of the others.`
        }`,
      );
    case "held":
      return printable(
        `The consent for ${connection} waits for a decision (${result.because.join(", ").replaceAll("-", " ")}).`,
      );
    case "refused":
      return `The consent for ${connection} was refused; its tokens are not used.`;
    case "declined":
      return `Access for ${connection} was declined by the person.`;
    case "failed":
      return `The consent for ${connection} failed (${result.code}). The link has to be opened again.`;
  }
}
