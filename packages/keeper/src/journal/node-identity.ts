import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { EvergrantError, type NodeId } from "@evergrant/core";
import type { Chance } from "../ports/chance.ts";
import { replaceFile } from "./durable-files.ts";
import { errorCode, journalDamaged, journalUnwritable } from "./journal-error.ts";

/** The node that this folder is the journal of: drawn once, kept beside the segments. Throws `journal_foreign` for another deployment's. */
export async function nodeIdentity(folder: string, deployment: string, chance: Chance): Promise<NodeId> {
  const path = join(folder, "node");
  const known = await readIdentity(path);
  if (known !== null) {
    if (known.deployment !== deployment)
      throw new EvergrantError("journal_foreign", { detail: `it belongs to ${known.deployment}` });
    return known.node;
  }
  const node = `nd_${Buffer.from(chance.bytes(16)).toString("base64url")}` as NodeId;
  try {
    await replaceFile(path, `${JSON.stringify({ format: "evergrant-node/1", node, deployment })}\n`);
  } catch (error) {
    throw journalUnwritable("its node file cannot be written", error);
  }
  return node;
}

async function readIdentity(path: string): Promise<{ node: NodeId; deployment: string } | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw journalUnwritable("its node file cannot be read", error);
  }
  try {
    const { node, deployment } = JSON.parse(text) as Partial<Record<string, unknown>>;
    if (typeof node === "string" && node !== "" && typeof deployment === "string")
      return { node: node as NodeId, deployment };
  } catch {
    // Falls through: not JSON.
  }
  throw journalDamaged("the file `node`", "as a whole");
}
