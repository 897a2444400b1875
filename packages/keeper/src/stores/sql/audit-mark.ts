import type { NodeId } from "@evergrant/core";
import type { Kysely } from "kysely";
import type { AuditMark } from "../../ports/audit-store.ts";
import type { Tables } from "./tables.ts";

/** Whether this very record of a node's chain is there. */
export async function holdsRecord(db: Kysely<Tables>, node: NodeId, { sequence, hash }: AuditMark): Promise<boolean> {
  const record = db.selectFrom("audit_record").select("hash").where("node", "=", node);
  return (await record.where("sequence", "=", sequence).executeTakeFirst())?.hash === hash;
}
