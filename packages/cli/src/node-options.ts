import { join } from "node:path";
import { kmsChoice } from "./kms-choice.ts";
import type { StartOptions } from "./start-node.ts";

interface StoreFlags {
  readonly store?: string;
}

interface KeyFlags {
  readonly kekFile?: string;
  readonly kms?: string;
  readonly folder: string;
}

// A DSN holds a password, which the list of processes would show: the environment may carry it instead, as it may the key.
export function storeOf(
  { store }: StoreFlags,
  env: Readonly<Record<string, string | undefined>>,
): Pick<StartOptions, "store"> {
  const dsn = store ?? env["EVERGRANT_STORE"];
  return dsn === undefined ? {} : { store: { kind: "postgres", dsn } };
}

/** Where the keys come from: a service that has encrypted the file's, a file, or the environment. */
export function keyRingOf(
  { kekFile, kms, folder }: KeyFlags,
  env: Readonly<Record<string, string | undefined>>,
): Pick<StartOptions, "keyRing"> {
  const key = env["EVERGRANT_KEK"];
  if (kms !== undefined)
    return { keyRing: { kind: "kms", path: kekFile ?? join(folder, "kek"), service: kmsChoice(kms, env) } };
  if (kekFile !== undefined) return { keyRing: { kind: "file", path: kekFile } };
  return key === undefined ? {} : { keyRing: { kind: "environment", value: key } };
}
