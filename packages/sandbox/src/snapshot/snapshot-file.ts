import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { SandboxError } from "../errors.ts";
import type { Snapshot } from "./snapshot.ts";

/** Writes a snapshot as JSON, whole or not at all, for its owner alone. Throws `snapshot_file_unusable`. */
export function writeSnapshot(file: string, snapshot: Snapshot): void {
  try {
    writeFileSync(`${file}.part`, JSON.stringify(snapshot), { mode: 0o600 });
    renameSync(`${file}.part`, file);
  } catch (error) {
    throw unusable("written", file, error);
  }
}

/** Reads what should be a snapshot. Throws `snapshot_file_unusable`, `snapshot_damaged`. */
export function readSnapshotFile(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw unusable("read", file, error);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SandboxError("snapshot_damaged", `${file} is not JSON, or only a part of it. Take the snapshot again.`, {
      cause: error,
    });
  }
}

const unusable = (what: "read" | "written", file: string, cause: unknown): SandboxError =>
  new SandboxError(
    "snapshot_file_unusable",
    `${file} cannot be ${what}: ${cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason"}. Name another file.`,
    { cause },
  );
