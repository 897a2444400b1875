import type { Kysely } from "kysely";
import type { Store } from "../../ports/store.ts";
import { appRows } from "./app-rows.ts";
import { assertionRows } from "./assertion-rows.ts";
import { auditRows } from "./audit-rows.ts";
import { callerRows } from "./caller-rows.ts";
import { connectionRows } from "./connection-rows.ts";
import { consentRows } from "./consent-rows.ts";
import { deploymentRows } from "./deployment-rows.ts";
import { grantRows } from "./grant-rows.ts";
import { idempotencyRows } from "./idempotency-rows.ts";
import { nodeRows } from "./node-rows.ts";
import { noticeRows } from "./notice-rows.ts";
import { operatorRows } from "./operator-rows.ts";
import { recordRows, type Writer } from "./record-rows.ts";
import { sessionRows } from "./session-rows.ts";
import type { SqlFacts } from "./sql-facts.ts";
import { SqlSession } from "./sql-session.ts";
import type { Tables } from "./tables.ts";
import { wrappedKeyRows } from "./wrapped-key-rows.ts";

/** The store over a migrated SQL database; `facts` is all that it knows of which one. Closing it closes the database. */
export function sqlStore(db: Kysely<Tables>, facts: SqlFacts, writer: Writer): Store {
  const session = new SqlSession(db, facts);
  const { node } = writer;
  const write = recordRows(writer, facts);
  return {
    grants: grantRows(session, write),
    apps: appRows(session, write),
    connections: connectionRows(session, write),
    consents: consentRows(session, write),
    callers: callerRows(session, write),
    assertions: assertionRows(session),
    audit: auditRows(session, node, write),
    deployment: deploymentRows(session, write),
    nodes: nodeRows(session, node),
    operators: operatorRows(session, write),
    sessions: sessionRows(session),
    idempotency: idempotencyRows(session),
    notices: noticeRows(session, write),
    wrappedKeys: wrappedKeyRows(session),
    close: () => session.close(),
  };
}
