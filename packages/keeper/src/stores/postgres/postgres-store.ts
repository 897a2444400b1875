import { EvergrantError, type NodeId } from "@evergrant/core";
import { Kysely, sql } from "kysely";
import type { Archive } from "../../ports/archive.ts";
import type { JournalMark } from "../../ports/node-store.ts";
import type { Store } from "../../ports/store.ts";
import type { ClockReading, Time } from "../../ports/time.ts";
import { migrate } from "../sql/migrate.ts";
import { MIGRATIONS, type Migration } from "../sql/migrations.ts";
import { sqlArchive } from "../sql/sql-archive.ts";
import { sqlStore } from "../sql/sql-store.ts";
import type { Tables } from "../sql/tables.ts";
import { readPostgresAddress } from "./postgres-address.ts";
import { postgresDialect } from "./postgres-dialect.ts";
import { postgresFacts } from "./postgres-facts.ts";
import { PostgresHints } from "./postgres-hints.ts";
import { POSTGRES_LIMITS, type PostgresLimits, unhurried } from "./postgres-limits.ts";
import { PostgresPrimary, type TimelineMemory } from "./postgres-primary.ts";
import { refusal } from "./postgres-refusal.ts";

export interface PostgresStoreOptions {
  /** `postgres://ROLE:PASSWORD@HOST:PORT,HOST:PORT/DATABASE`: all hosts that may be the primary. */
  readonly dsn: string;
  /** Whose audit chain is written. */
  readonly node: NodeId;
  /** Where that node's journal stands. */
  readonly mark?: () => JournalMark;
  /** The machine's own clock, never a moved one: it is compared with the server's. Leases are counted in the server's alone. */
  readonly time: Time;
  /** Where the highest timeline that was seen outlives a restart; left out, it lasts as long as the process. */
  readonly memory?: TimelineMemory;
  readonly limits?: Partial<PostgresLimits>;
  /** The steps of the schema that this program knows. */
  readonly line?: readonly Migration[];
}

export interface PostgresStore extends Store {
  readonly archive: Archive;
  /** Calls `listener` soon after any node changed callers, permissions or connections; the answer ends that. Only a hint. */
  onHint(listener: () => void): () => void;
  /** How far the server's clock is ahead of ours; exact to half of one round trip. @throws store_unavailable */
  clockSkew(): Promise<ClockReading>;
  /** Which cluster answers: its identifier is drawn at initdb and shared by its standbys; null where the engine does not say. */
  systemIdentifier(): Promise<string | null>;
}

/**
 * Opens the store in a Postgres, which any number of nodes share, and takes it to the newest schema.
 * @throws store_unopenable where the address, the server, its rights or its encoding are wrong · store_newer where a newer
 * version wrote it that this one cannot run beside
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const { node, mark, time, line = MIGRATIONS, memory = { highest: 0, raise: async () => undefined } } = options;
  const limits = { ...POSTGRES_LIMITS, ...options.limits };
  const address = readPostgresAddress(options.dsn);
  const primary = new PostgresPrimary({ address, applicationName: `evergrant ${node}`, time, limits, memory });
  const db = new Kysely<Tables>({ dialect: postgresDialect(primary, limits) });
  try {
    await checkEncoding(db);
    await migrate(new Kysely<Tables>({ dialect: postgresDialect(primary, unhurried(limits)) }), postgresFacts, line);
    await checkRights(db);
  } catch (error) {
    await db.destroy();
    throw refusal(error, primary.names);
  }
  const whole = new Kysely<Tables>({ dialect: postgresDialect(primary, unhurried(limits)) });
  return opened(db, sqlStore(db, postgresFacts, { node, mark }), { primary, time, archive: archiveOf(whole) });
}

function opened(
  db: Kysely<Tables>,
  store: Store,
  parts: { readonly primary: PostgresPrimary; readonly time: Time; readonly archive: Archive },
): PostgresStore {
  const { primary, time, archive } = parts;
  const hints = new PostgresHints(primary, time);
  return {
    ...store,
    archive,
    onHint: (listener) => hints.subscribe(listener),
    clockSkew: () =>
      told(async () => {
        const askedAtMs = time.monotonicMs();
        const serverMs = await db.transaction().execute((trx) => postgresFacts.nowMs(trx));
        const withinMs = (time.monotonicMs() - askedAtMs) / 2;
        return { skewMs: Math.round(serverMs - (time.wallMs() - withinMs)), withinMs: Math.ceil(withinMs) };
      }),
    systemIdentifier: () => told(() => systemIdentifier(db)),
    async close() {
      await hints.close();
      await store.close();
    },
  };
}

// One transaction that sees what was when it first read, and takes nobody's locks.
function archiveOf(db: Kysely<Tables>): Archive {
  return sqlArchive(db, async () => {
    const trx = await db.startTransaction().execute();
    // Another in its place: every transaction of ours has asked something before it is given out, and its level cannot change then.
    await sql`rollback; start transaction isolation level repeatable read read only`.execute(trx);
    return { db: trx, end: async () => void (await trx.rollback().execute()) };
  });
}

async function told<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (postgresFacts.isUnavailable(error)) throw new EvergrantError("store_unavailable", { cause: error });
    throw error;
  }
}

async function systemIdentifier(db: Kysely<Tables>): Promise<string | null> {
  try {
    const asked = sql<{ id: string }>`select system_identifier::text as id from pg_control_system()`;
    return (await asked.execute(db)).rows[0]?.id ?? null;
  } catch (error) {
    if (postgresFacts.isUnavailable(error)) throw error;
    return null;
  }
}

async function checkEncoding(db: Kysely<Tables>): Promise<void> {
  const asked = sql<{ encoding: string }>`select current_setting('server_encoding') as encoding`;
  const encoding = (await asked.execute(db)).rows[0]?.encoding;
  if (encoding !== "UTF8")
    throw new EvergrantError("store_unopenable", {
      detail: `the database's encoding is ${encoding}: create it with encoding 'UTF8'`,
    });
}

// Asked at once: a right that is missing would else show in the middle of the first refresh.
async function checkRights(db: Kysely<Tables>): Promise<void> {
  const asked = sql<{ name: string }>`select c.relname::text as name from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = current_schema() and c.relkind in ('r', 'p') and c.relname in (${sql.join(OURS)})
    and not (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
      and has_table_privilege(c.oid, 'update') and has_table_privilege(c.oid, 'delete'))
    order by 1`;
  const lacking = (await asked.execute(db)).rows.map(({ name }) => name);
  if (lacking.length > 0)
    throw new EvergrantError("store_unopenable", {
      detail: `the role lacks rights on ${lacking.join(", ")}: grant it select, insert, update and delete`,
    });
}

const OURS = [
  "app",
  "audit_chain",
  "audit_record",
  "caller",
  "connection",
  "consent",
  "consent_link",
  "counter",
  "deployment",
  "grant",
  "node",
  "node_report",
  "outbox",
  "permission",
  "token_version",
] as const satisfies readonly (keyof Tables)[];
