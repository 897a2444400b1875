import { EvergrantError } from "@evergrant/core";
import type { Archive, ArchivedRows } from "../ports/archive.ts";
import type { Chance } from "../ports/chance.ts";
import type { Time } from "../ports/time.ts";
import type { KeyRing } from "../sealing/key-ring.ts";
import { openStream, sealStream } from "../sealing/sealed-stream.ts";
import type { BackupSummary, Backups } from "../service/backups.ts";

interface Parts {
  readonly archive: Archive;
  readonly ring: KeyRing;
  readonly deployment: string;
  readonly time: Time;
  readonly chance: Chance;
}

/** Backups of a store, under the primary key of the moment. */
export function backupsOf({ archive, ring, deployment, time, chance }: Parts): Backups {
  return {
    async *write() {
      const about = { deployment, createdAtMs: time.wallMs(), steps: await archive.steps() };
      yield* sealStream(ring, about, { pieces: piecesOf(archive.rows()), chance });
    },
    verify: (bytes) => summarised(ring, bytes),
  };
}

async function summarised(ring: KeyRing, bytes: AsyncIterable<Uint8Array>): Promise<BackupSummary> {
  const { header, pieces } = await openStream(ring, bytes);
  const rows: Record<string, number> = {};
  for await (const batch of rowsOf(pieces)) rows[batch.table] = (rows[batch.table] ?? 0) + batch.rows.length;
  const { deployment, createdAtMs, key } = header;
  return { deployment, createdAtMs, key, rows };
}

/** The rows of a backup, for a store whose schema has taken at least its steps. @throws backup_damaged · kek_wrong · store_newer */
export async function readBackup(
  ring: KeyRing,
  bytes: AsyncIterable<Uint8Array>,
  known: readonly string[],
): Promise<AsyncIterable<ArchivedRows>> {
  const { header, pieces } = await openStream(ring, bytes);
  const unknown = header.steps.find((step) => !known.includes(step));
  if (unknown !== undefined)
    throw new EvergrantError("store_newer", { detail: `the backup has taken step ${unknown}` });
  return rowsOf(pieces);
}

async function* piecesOf(batches: AsyncIterable<ArchivedRows>): AsyncGenerator<Uint8Array> {
  for await (const batch of batches) yield Buffer.from(JSON.stringify(batch), "utf8");
}

async function* rowsOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<ArchivedRows> {
  for await (const piece of pieces) if (piece.length > 0) yield JSON.parse(piece.toString("utf8")) as ArchivedRows;
}
