import type { CompiledQuery, DatabaseConnection, QueryResult } from "kysely";
import type pg from "pg";
import { storableText } from "../storable.ts";
import { endsConnection, PostgresAway } from "./postgres-failure.ts";
import { roleOf } from "./postgres-host.ts";
import type { PostgresLimits } from "./postgres-limits.ts";
import type { PostgresPrimary, PrimaryConnection } from "./postgres-primary.ts";

/** One use of a connection: a few statements, or one transaction. Nothing of it stays in the session: a pooler may sit in between. */
export class PostgresConnection implements DatabaseConnection {
  readonly #client: pg.PoolClient;
  readonly #asksRole: string | null;
  readonly #primary: PostgresPrimary;
  readonly #limits: PostgresLimits;
  #broken = false;
  #timeline: number | null = null;

  constructor({ client, asksRole }: PrimaryConnection, primary: PostgresPrimary, limits: PostgresLimits) {
    this.#client = client;
    this.#asksRole = asksRole;
    this.#primary = primary;
    this.#limits = limits;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const values = query.parameters.map((value) => (typeof value === "string" ? storableText(value) : value));
    const { command, rowCount, rows } = await this.#ask(query.sql, values);
    return COUNTED.has(command)
      ? { rows: rows as Row[], numAffectedRows: BigInt(rowCount ?? 0) }
      : { rows: rows as Row[] };
  }

  // biome-ignore lint/correctness/useYield: no statement of ours is streamed; a page is a page.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new TypeError("statements are not streamed");
  }

  /** Begins, sets its limits and asks the server who it is: one round trip, and all of it ends with the transaction. */
  async begin(): Promise<void> {
    const { statementMs, idleInTransactionMs } = this.#limits;
    const statements = [
      "start transaction isolation level read committed read write",
      `set local statement_timeout = ${statementMs}`,
      `set local idle_in_transaction_session_timeout = ${idleInTransactionMs}`,
      // Whoever turned this off for a role or database would have rotations acknowledged that a power cut undoes.
      "select case current_setting('synchronous_commit') when 'off' then set_config('synchronous_commit', 'on', true) end",
      ...(this.#asksRole === null ? [] : [this.#asksRole]),
    ];
    try {
      // Of several statements the driver answers a list.
      const results = (await this.#ask(statements.join("; "))) as unknown as readonly pg.QueryResult[];
      if (this.#asksRole !== null) await this.#admit(results.at(-1));
    } catch (error) {
      // Half begun: Kysely would give it back as it is.
      this.#break();
      throw error;
    }
  }

  /** @throws PostgresAway also where the server said so but warned that no standby has it, or that there was nothing to commit */
  async commit(): Promise<void> {
    if (this.#timeline !== null && !this.#primary.isLatest(this.#timeline)) throw this.#away("asking", LATER_PRIMARY);
    const warnings: string[] = [];
    const listen = (notice: { readonly severity: string | undefined; readonly message: string | undefined }) => {
      if (notice.severity === "WARNING") warnings.push(notice.message ?? "");
    };
    this.#client.on("notice", listen);
    try {
      const { command } = await this.#ask("commit", [], "committing");
      if (command !== "COMMIT") throw this.#away("asking", new Error(`commit was answered with ${command}`));
      if (warnings.length > 0) throw this.#away("committing", new Error(warnings.join("; ")));
    } finally {
      this.#client.removeListener("notice", listen);
    }
  }

  /** Never throws: what made it necessary is to be told, and a connection that cannot do it is ended. */
  async rollback(): Promise<void> {
    if (this.#broken) return;
    await this.#ask("rollback").catch(() => this.#break());
  }

  release(): void {
    this.#client.release(this.#broken);
  }

  async #admit(answer: pg.QueryResult | undefined): Promise<void> {
    const role = roleOf(answer?.rows[0]);
    if (!(await this.#primary.admits(role))) throw this.#away("asking", LATER_PRIMARY);
    this.#timeline = role.kind === "primary" ? role.timeline : null;
  }

  async #ask(
    text: string,
    values: unknown[] = [],
    moment: "asking" | "committing" = "asking",
  ): Promise<pg.QueryResult> {
    if (this.#broken) throw new PostgresAway("asking", new Error("the connection has ended"));
    // The simple protocol takes several statements, but no values.
    const query = { text, query_timeout: this.#limits.answerMs, ...(values.length > 0 ? { values } : {}) };
    try {
      return await this.#client.query(query);
    } catch (error) {
      if (!endsConnection(error)) throw error;
      throw this.#away(moment, error);
    }
  }

  #away(moment: "asking" | "committing", cause: unknown): PostgresAway {
    this.#break();
    return new PostgresAway(moment, cause);
  }

  #break(): void {
    this.#broken = true;
    this.#primary.forget();
  }
}

const COUNTED = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);
const LATER_PRIMARY = new Error("the server is not the primary of the latest timeline");
