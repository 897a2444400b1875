import type { PostgresServer } from "../../../../tests/kit/postgres.ts";
import { realTime } from "../real-time.ts";
import { openPostgresStore } from "../stores/postgres/postgres-store.ts";
import { movableTime, NODE, newMark, SECOND_NODE, type StoreWorld } from "./contract/store-world.ts";

const TEMPLATE = "migrated";

/**
 * Worlds on one running server, a database each, copied from one that was migrated once; `urlOf` says by which way the store
 * reaches it.
 */
export function postgresWorlds(
  server: () => PostgresServer,
  urlOf: (database: string) => string,
): () => Promise<StoreWorld> {
  let databases = 0;
  let migrated: Promise<void> | null = null;
  const migrate = async () => {
    await server().createDatabase(TEMPLATE);
    await (await openPostgresStore({ dsn: server().url(TEMPLATE), time: realTime(), node: NODE })).close();
  };
  return async () => {
    databases += 1;
    const name = `world_${databases}`;
    migrated ??= migrate();
    await migrated;
    await server().createDatabase(name, TEMPLATE);
    const mark = newMark();
    const options = { dsn: urlOf(name), time: realTime(), node: NODE, mark: () => mark };
    let store = await openPostgresStore(options);
    return {
      store,
      mark,
      time: movableTime(),
      secondNode: () => openPostgresStore({ ...options, node: SECOND_NODE, mark: () => newMark(SECOND_NODE) }),
      ownNowMs: async () => {
        const [row] = await server().query("select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as ms");
        return Number(row?.["ms"]);
      },
      reopen: async () => {
        await store.close();
        store = await openPostgresStore(options);
        return store;
      },
      tamper: async (sequence) => {
        const harm = `update audit_record set facts = replace(facts, '7', '8') where sequence = ${sequence}`;
        await server().query(harm, name);
      },
      dispose: async () => {
        await store.close();
        await server().dropDatabase(name);
      },
    };
  };
}
