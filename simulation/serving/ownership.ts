import { DEFAULT_LIMITS } from "@evergrant/core";

/** What was true of one name from an instant on. */
interface Since<T> {
  readonly value: T;
  readonly fromMs: number;
  /** The node that was told; the others hear of it within the authorization limit. */
  readonly by: string;
}

/**
 * Who may get whose tokens, as people decided it: kept beside the keeper and never asked of it. A change counts at once on the node
 * that it was made on, and on the others within the authorization limit.
 */
export class Ownership {
  readonly #owners = new Map<string, Since<string | null>[]>();
  readonly #permitted = new Map<string, Since<boolean>[]>();

  /** From now on tokens of this connection are this person's; null: nobody's. */
  owns(connection: string, person: string | null, told: { readonly atMs: number; readonly by: string }): void {
    note(this.#owners, connection, { value: person, fromMs: told.atMs, by: told.by });
  }

  permit(caller: string, connection: string, may: boolean, told: { readonly atMs: number; readonly by: string }): void {
    note(this.#permitted, `${caller} ${connection}`, { value: may, fromMs: told.atMs, by: told.by });
  }

  /** Whether a token of this person may be the answer of this node to what was asked then. */
  allows(answer: {
    readonly node: string;
    readonly caller: string;
    readonly connection: string;
    readonly person: string | null;
    readonly askedAtMs: number;
  }): boolean {
    const { node, caller, connection, person, askedAtMs } = answer;
    const owners = inForce(this.#owners.get(connection), node, askedAtMs);
    const permitted = inForce(this.#permitted.get(`${caller} ${connection}`), node, askedAtMs);
    return person !== null && owners.includes(person) && permitted.includes(true);
  }

  ownerOf(connection: string): string | null {
    return this.#owners.get(connection)?.at(-1)?.value ?? null;
  }
}

function note<T>(all: Map<string, Since<T>[]>, key: string, since: Since<T>): void {
  const known = all.get(key) ?? [];
  known.push(since);
  all.set(key, known.slice(-8));
}

// The last that this node must have heard of, and whatever came after it.
function inForce<T>(all: readonly Since<T>[] | undefined, node: string, atMs: number): readonly T[] {
  const known = all ?? [];
  const heard = known.findLastIndex(({ fromMs, by }) => by === node || fromMs + DEFAULT_LIMITS.authzMaxStaleMs < atMs);
  return known.slice(Math.max(0, heard)).map(({ value }) => value);
}
