/**
 * Makes a database's clock one that can be set, for all connections that are opened from now on.
 * @returns what sets it: by how much it is ahead of the server's, as an interval
 */
export async function settableClock(
  database: string,
  query: (sql: string) => Promise<unknown>,
): Promise<(by: string) => Promise<unknown>> {
  for (const sql of [
    "create schema clock",
    "create table clock.set (by interval not null)",
    "insert into clock.set values ('0')",
    `create function clock.clock_timestamp() returns timestamptz language sql volatile
       as 'select pg_catalog.clock_timestamp() + by from clock.set'`,
    `alter database ${database} set search_path = public, clock, pg_catalog`,
  ])
    await query(sql);
  return (by) => query(`update clock.set set by = '${by}'`);
}
