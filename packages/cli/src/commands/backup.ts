import { createReadStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { BackupSummary } from "@evergrant/contract";
import { realChance, realTime, restoreBackup } from "@evergrant/keeper";
import type { Command } from "commander";
import type { AdminClient } from "../admin-client.ts";
import { UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { keyRingOf, storeOf } from "../node-options.ts";
import { openSession } from "../session.ts";
import { localInstant } from "../text/instants.ts";

interface RestoreFlags {
  readonly store?: string;
  readonly kekFile?: string;
  readonly kms?: string;
}

/** `evergrant backup` and `evergrant restore`: a store whole, sealed, in one file. */
export function addBackup(program: Command, world: CommandWorld): void {
  program
    .command("backup <file>")
    .description("write the store as it is now into a file, sealed by the primary key, and read it back")
    .action(async (file: string, _options: object, command: Command) => {
      const session = openSession(world, command);
      const summary = await backUp(session.admin(), file);
      session.print({ json: { file, ...summary }, text: backedUpText(file, summary) });
    });
  program
    .command("restore <file>")
    .description("put a backup into an empty store: no node may run on it; it is in quarantine then")
    .option("--store <dsn>", "an empty postgres://… (default: evergrant.db in the folder)")
    .option("--kek-file <path>", "the key file (default: kek in the folder)")
    .option("--kms <key>", "aws:KEY or vault:MOUNT/KEY, as the node was started with")
    .action(async (file: string, options: RestoreFlags, command: Command) => {
      const session = openSession(world, command);
      const { folder } = session;
      const { store = { kind: "sqlite" } } = storeOf(options, world.env);
      const { keyRing = null } = keyRingOf({ ...options, folder }, world.env);
      await restoreBackup({ file, folder, store, keyRing, time: realTime(), chance: realChance() });
      session.print({ json: { restored: file }, text: RESTORED });
    });
}

// Under another name until it was read back: what has the name is whole.
async function backUp(admin: AdminClient, file: string): Promise<BackupSummary> {
  const beside = `${file}.part`;
  const handle = await open(beside, "w", 0o600).catch((error: unknown) => {
    throw new UsageError(`${beside} cannot be written: ${error instanceof Error ? error.message : "unknown error"}`);
  });
  try {
    for await (const chunk of admin.backup()) await handle.writeFile(chunk);
    await handle.sync();
    const summary = await admin.verifyBackup(createReadStream(beside));
    await rename(beside, file);
    await syncFolder(dirname(file));
    return summary;
  } finally {
    await handle.close();
    await rm(beside, { force: true });
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}

function backedUpText(file: string, { createdAtMs, key, rows }: BackupSummary): string {
  const total = Object.values(rows).reduce((sum, each) => sum + each, 0);
  return [
    `${file} holds ${total} rows as of ${localInstant(createdAtMs)} (${rows["grant"] ?? 0} grants), read back whole.`,
    `It opens with key ${key} alone: keep that key as long as the backup, and never beside it.`,
  ].join("\n");
}

const RESTORED = [
  "Restored, and held: start a node on it, then look at what it says.",
  "  evergrant quarantine                        # why nothing is spent",
  "  evergrant quarantine release --as restored  # the deployment goes on here",
  "  evergrant quarantine release --as cloned    # the original goes on elsewhere",
].join("\n");
