import type { ConsentResult } from "@evergrant/contract";
import type { Command } from "commander";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { heldConsentTable } from "../text/connection-text.ts";
import { printable } from "../text/table.ts";

/** `evergrant consents`: those that wait for an operator's yes or no. */
export function addConsents(program: Command, world: CommandWorld): void {
  const consents = program.command("consents").description("consents that wait for a decision");
  consents
    .command("list", { isDefault: true })
    .description("list consents that wait")
    .action(async (_options: object, command: Command) => {
      const session = openSession(world, command);
      const answer = await session.admin().call("listConsents", { query: { held: "true" } });
      session.print({ json: answer, text: heldConsentTable(answer.consents) });
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
      return `The consent for ${connection} still waits for a decision.`;
    case "refused":
      return `The consent for ${connection} was refused; its tokens are not used.`;
    case "declined":
      return `Access for ${connection} was declined by the person.`;
    case "failed":
      return `The consent for ${connection} failed (${result.code}). The link has to be opened again.`;
  }
}
