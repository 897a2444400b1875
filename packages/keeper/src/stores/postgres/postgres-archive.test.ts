import { afterAll, beforeAll } from "vitest";
import { type PostgresServer, startPostgres } from "../../../../../tests/kit/postgres.ts";
import { realTime } from "../../real-time.ts";
import { describeArchive } from "../../testing/archive-contract.ts";
import { NODE } from "../../testing/contract/store-world.ts";
import { openPostgresStore } from "./postgres-store.ts";

let server: PostgresServer;
let databases = 0;
beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
}, 60_000);
afterAll(() => server[Symbol.asyncDispose]());

describeArchive("postgres", async () => {
  databases += 1;
  const name = `archive_${databases}`;
  await server.createDatabase(name);
  const store = await openPostgresStore({ dsn: server.url(name), time: realTime(), node: NODE });
  return {
    store,
    dispose: async () => {
      await store.close();
      await server.dropDatabase(name);
    },
  };
});
