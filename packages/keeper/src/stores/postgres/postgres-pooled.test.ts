import { afterAll, beforeAll, describe, test } from "vitest";
import { findPgbouncer, type Pgbouncer, startPgbouncer } from "../../../../../tests/kit/postgres/pgbouncer.ts";
import { type PostgresServer, startPostgres } from "../../../../../tests/kit/postgres.ts";
import { postgresWorlds } from "../../testing/postgres-worlds.ts";
import { describeStore } from "../../testing/store-contract.ts";

const program = findPgbouncer();

if (program === null)
  test("postgres behind PgBouncer in transaction mode", (context) => context.skip("this machine has no pgbouncer"));
else
  describe("behind PgBouncer in transaction mode", () => {
    let server: PostgresServer;
    let pooler: Pgbouncer;
    beforeAll(async () => {
      // Durability is not what is asked here, and costs most of the time.
      server = await startPostgres({ settings: { fsync: "off" } });
      pooler = await startPgbouncer(program, server);
    }, 60_000);
    afterAll(async () => {
      await pooler[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    });
    const open = postgresWorlds(
      () => server,
      (database) => pooler.url(database),
    );
    describeStore("postgres", open, { shared: true });
  });
