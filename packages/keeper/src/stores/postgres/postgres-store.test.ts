import { afterAll, beforeAll } from "vitest";
import { type PostgresServer, startPostgres } from "../../../../../tests/kit/postgres.ts";
import { postgresWorlds } from "../../testing/postgres-worlds.ts";
import { describeStore } from "../../testing/store-contract.ts";

let server: PostgresServer;
beforeAll(async () => {
  // Durability is not what is asked here, and costs most of the time.
  server = await startPostgres({ settings: { fsync: "off" } });
}, 60_000);
afterAll(() => server[Symbol.asyncDispose]());

const open = postgresWorlds(
  () => server,
  (database) => server.url(database),
);
describeStore("postgres", open, { shared: true });
