import { createHash } from "node:crypto";
import { z } from "zod";
import {
  type Change,
  type DialectName,
  type Ledger,
  type Switches,
  TABLES,
  type TableName,
  type Tables,
} from "../engine/index.ts";
import { SandboxError } from "../errors.ts";
import type { PlacedFaults } from "../faults.ts";
import type { StoredKey } from "../store/sandbox-database.ts";
import type { World } from "../world.ts";

/**
 * Everything a sandbox is at one instant, as JSON. It holds the seed and the private signing keys, so it is to be kept like the
 * database: who has it can sign in this sandbox's name.
 */
export interface Snapshot {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  /** The sandbox's time then, epoch milliseconds. */
  readonly takenAtMs: number;
  readonly dialect: DialectName;
  readonly switches: Switches;
  /** The rows of each table with their keys, in order. */
  readonly ledger: { readonly [T in TableName]: readonly (readonly [key: string, row: Tables[T]])[] };
  readonly signingKeys: readonly StoredKey[];
  readonly faults: PlacedFaults;
  /** SHA-256, hex, over the JSON of all the rest. */
  readonly digest: string;
}

const FORMAT = "evergrant-sandbox-snapshot";
const VERSION = 1;

/** Takes everything down as it is now. */
export function takeSnapshot({ engine, clock, keys, faults }: World, ledger: Pick<Ledger, "entries">): Snapshot {
  // What was due by then has happened.
  engine.run(clock.nowMs(), () => undefined);
  const content = {
    format: FORMAT,
    version: VERSION,
    takenAtMs: clock.nowMs(),
    dialect: engine.dialect,
    switches: engine.switches(),
    ledger: Object.fromEntries(TABLES.map((table) => [table, [...ledger.entries(table)]])),
    signingKeys: keys.stored(),
    faults: faults.all(),
  } as const;
  // Independent of the rows it was taken from, and exactly what its JSON will say.
  return JSON.parse(JSON.stringify({ ...content, digest: digestOf(content) })) as Snapshot;
}

/** Checks what claims to be a snapshot. Throws `snapshot_foreign`, `snapshot_newer`, `snapshot_damaged`. */
export function readSnapshot(given: unknown): Snapshot {
  const marked = marks.safeParse(given);
  if (!marked.success || marked.data.format !== FORMAT)
    throw new SandboxError("snapshot_foreign", "That is no snapshot of a sandbox. Give the JSON that one took.");
  if (marked.data.version !== VERSION)
    throw new SandboxError(
      "snapshot_newer",
      `The snapshot has version ${marked.data.version}, this sandbox reads ${VERSION}. Use the sandbox that took it, or take it again.`,
    );
  const parsed = shape.safeParse(given);
  const { digest, ...content } = given as { readonly digest: unknown };
  if (!parsed.success || digest !== digestOf(content))
    throw new SandboxError(
      "snapshot_damaged",
      "The snapshot is not as it was taken: cut short, or changed. Take it again.",
    );
  return structuredClone(given) as Snapshot;
}

/** The rows of a snapshot as changes to an empty ledger. */
export const rowsOf = ({ ledger }: Snapshot): readonly Change[] =>
  TABLES.flatMap((table) => (ledger[table] ?? []).map(([key, row]) => ({ table, key, row })));

const digestOf = (content: object): string => createHash("sha256").update(JSON.stringify(content)).digest("hex");

const marks = z.looseObject({ format: z.string(), version: z.number() });

// The digest says that nothing was changed; this says that it is what our own hand writes.
const shape = z.looseObject({
  takenAtMs: z.number(),
  dialect: z.string(),
  switches: z.record(z.string(), z.unknown()),
  ledger: z.partialRecord(z.enum(TABLES), z.array(z.tuple([z.string(), z.record(z.string(), z.unknown())]))),
  signingKeys: z.array(z.strictObject({ kid: z.string(), privateJwk: z.string(), createdAtMs: z.number() })).min(1),
  faults: z.strictObject({ placed: z.array(z.looseObject({ id: z.string() })), count: z.number() }),
});
