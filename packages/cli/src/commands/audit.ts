import type { AuditPage, AuditRecord, AuditVerification } from "@evergrant/contract";
import { EvergrantError } from "@evergrant/core";
import type { Command } from "commander";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { localInstant } from "../text/instants.ts";
import { printable } from "../text/table.ts";
import { parseWholeNumber } from "./whole-number.ts";

const PAGE = 200;

/** `evergrant audit`: what happened and by whom; whether nobody changed a word of it since. */
export function addAudit(program: Command, world: CommandWorld): void {
  const audit = program.command("audit").description("what happened, by whom, and whether the record of it is whole");
  audit
    .command("list", { isDefault: true })
    .description("the records of all nodes, newest first")
    .option("--limit <count>", "how many", parseWholeNumber, 50)
    .action(async (options: { readonly limit: number }, command: Command) => {
      const session = openSession(world, command);
      const records: AuditRecord[] = [];
      for (let cursor: string | null = ""; cursor !== null && records.length < options.limit; ) {
        const limit = String(Math.min(PAGE, options.limit - records.length));
        const page: AuditPage = await session
          .admin()
          .call("readAudit", { query: { limit, ...(cursor === "" ? {} : { cursor }) } });
        records.push(...page.records);
        cursor = page.next;
      }
      session.print({ json: { records }, text: records.map(recordLine).join("\n") });
    });
  audit
    .command("verify")
    .description("hold every chain of records against its hashes; exit code 1 where one was changed")
    .action(async (_options: object, command: Command) => {
      const session = openSession(world, command);
      const found = await session.admin().call("verifyAudit");
      session.print({ json: found, text: verificationText(found) });
      if (!found.intact) throw new EvergrantError("audit_broken");
    });
}

function recordLine({ atMs, by, event, subject, facts }: AuditRecord): string {
  const told = Object.entries(facts).map(([name, value]) => `${name}=${printable(String(value))}`);
  return [localInstant(atMs), printable(by), event, `${subject.kind}:${printable(subject.id)}`, ...told].join("  ");
}

function verificationText({ intact, chains }: AuditVerification): string {
  const lines = chains.map(({ node, records, head, firstBroken }) =>
    firstBroken === null
      ? `  ${node}  ${records} records  whole  ends with ${head}`
      : `  ${node}  ${records} records  CHANGED at record ${firstBroken}`,
  );
  const verdict = intact
    ? "Every chain is whole. Keep the hashes they end with elsewhere: a later look then shows that nothing before them was changed."
    : "Somebody changed or removed records, or the database was put back. What comes before the named record is as it was written.";
  return [verdict, ...lines].join("\n");
}
