import { EvergrantError, type OperatorId } from "@evergrant/core";
import type { Deployment } from "../ports/deployment-store.ts";
import type { StoredOperator } from "../ports/operator-store.ts";
import type { ServiceContext } from "./service-context.ts";
import { answerOrAway } from "./waiting.ts";

/** The first admin comes with the deployment, whose key opens before anybody was added; a row is made when they are changed. */
const FIRST_ID = "op_first" as OperatorId;
const FIRST_KEY_ID = "ok_first";
const FIRST_NAME = "operator";

/**
 * Operators as the store knows them now, so that a disabling counts at every node at once. While the store is away those that were
 * known last count: people have to see what is going on then.
 */
export class OperatorDirectory {
  readonly #context: ServiceContext;
  readonly #first: StoredOperator;
  #known: readonly StoredOperator[] | null = null;

  constructor(context: ServiceContext, deployment: Pick<Deployment, "operatorKeySha256" | "createdAtMs">) {
    this.#context = context;
    const { createdAtMs, operatorKeySha256: sha256 } = deployment;
    this.#first = {
      ...{ id: FIRST_ID, name: FIRST_NAME, role: "admin", identity: null, disabledAtMs: null, createdAtMs },
      keys: [{ id: FIRST_KEY_ID, sha256, createdAtMs, expiresAtMs: null }],
    };
  }

  /** @throws store_unavailable where it was never read and is away */
  async all(): Promise<readonly StoredOperator[]> {
    const stored = await answerOrAway(this.#context, this.#context.store.operators.list());
    if (stored !== "away") this.#known = stored;
    if (this.#known === null) throw new EvergrantError("store_unavailable");
    return this.#known.some(({ id }) => id === FIRST_ID) ? this.#known : [this.#first, ...this.#known];
  }

  /** Before anything is changed: what is decided of all operators has to find the first among them. */
  async keepFirst(): Promise<void> {
    await this.#context.store.operators.create(this.#first, { audit: [], notices: [] });
  }
}
