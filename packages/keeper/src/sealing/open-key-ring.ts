import { EvergrantError } from "@evergrant/core";
import type { Chance } from "../ports/chance.ts";
import type { Time } from "../ports/time.ts";
import { makeKeyFile, readKeyFile, replaceKeyFile } from "./key-file.ts";
import { formatKeyRingEntry, type KeyRing, keyRingOf, parseKeyRing } from "./key-ring.ts";
import { awsKms } from "./kms/aws-kms.ts";
import type { KeyManagement, KeyManagementChoice } from "./kms/key-management.ts";
import { vaultTransit } from "./kms/vault-transit.ts";

/**
 * Where the key-encryption keys come from: a file, text that the environment gave (a secret store, a variable), or a file whose keys a
 * key-management service has encrypted.
 */
export type KeyRingSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "environment"; readonly value: string | undefined }
  | { readonly kind: "kms"; readonly path: string; readonly service: KeyManagementChoice };

/** A source that can be read again, and maybe added to. */
export interface KeyRingPlace {
  /** Null where there is none. */
  read(): Promise<KeyRing | null>;
  /** Makes a place that is not there, with one key. Throws `kek_missing` where that is not possible. */
  make(): Promise<KeyRing>;
  /** A fresh key behind the others; null where the source is not ours to write. */
  append(): Promise<string | null>;
  /** False where the source is not ours to write. */
  remove(keyId: string): Promise<boolean>;
}

/**
 * The deployment's key ring. Only for an empty store is a missing file made: one fresh key, mode 0600, on disk before it is used.
 * Throws `kek_missing` where there is none, `kek_malformed` where it cannot be read, `kms_unavailable`, `kms_refused`.
 */
export async function openKeyRing(
  source: KeyRingSource,
  facts: { readonly storeIsEmpty: boolean; readonly chance: Chance; readonly time?: Pick<Time, "wallMs"> },
): Promise<KeyRing> {
  const place = keyRingPlace(source, facts);
  const known = await place.read();
  if (known !== null) return known;
  if (source.kind !== "environment" && !facts.storeIsEmpty)
    throw new EvergrantError("kek_missing", { detail: `there is no file ${source.path}` });
  return await place.make();
}

/** How a source is read and written. Throws `kms_misconfigured`. */
export function keyRingPlace(
  source: KeyRingSource,
  { chance, time }: { readonly chance: Chance; readonly time?: Pick<Time, "wallMs"> },
): KeyRingPlace {
  switch (source.kind) {
    case "environment":
      return environmentPlace(source.value);
    case "file":
      return filePlace(source.path, chance, {
        format: async (id, plain) => formatKeyRingEntry(id, plain),
        parse: async (text) => parseKeyRing(text),
      });
    case "kms": {
      const service = serviceOf(source.service, time ?? { wallMs: () => 0 });
      return filePlace(source.path, chance, {
        format: async (id, plain) => `${id} ${await service.encrypt(id, plain)}\n`,
        parse: (text) => unwrapRing(text, service),
      });
    }
  }
}

interface KeyForm {
  /** One entry, with its line end. */
  format(id: string, plain: Uint8Array): Promise<string>;
  parse(text: string): Promise<KeyRing>;
}

function filePlace(path: string, chance: Chance, form: KeyForm): KeyRingPlace {
  const freshEntry = async () => {
    const id = `kek-${Buffer.from(chance.bytes(6)).toString("hex")}`;
    const plain = chance.bytes(32);
    const entry = await form.format(id, plain);
    plain.fill(0);
    return { id, entry };
  };
  let last: { readonly text: string; readonly ring: KeyRing } | null = null;
  return {
    // Looked at often, and asked of a service only when it has changed.
    read: async () => {
      const text = await readKeyFile(path);
      if (text === null) return null;
      if (last?.text !== text) last = { text, ring: await form.parse(text) };
      return last.ring;
    },
    make: async () => await form.parse(await makeKeyFile(path, (await freshEntry()).entry, chance)),
    append: async () => {
      const { id, entry } = await freshEntry();
      const text = (await readKeyFile(path)) ?? "";
      await replaceKeyFile(path, `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${entry}`, chance);
      return id;
    },
    remove: async (keyId) => {
      const lines = ((await readKeyFile(path)) ?? "").split("\n");
      await replaceKeyFile(
        path,
        lines.filter((line) => !new RegExp(`^\\s*${keyId}[\\s:]`).test(line)).join("\n"),
        chance,
      );
      return true;
    },
  };
}

function environmentPlace(value: string | undefined): KeyRingPlace {
  const make = async (): Promise<KeyRing> => {
    throw new EvergrantError("kek_missing", { detail: "the environment gives no key" });
  };
  const read = async () => (value === undefined || value.trim() === "" ? await make() : parseKeyRing(value));
  return { read, make, append: async () => null, remove: async () => false };
}

function serviceOf(choice: KeyManagementChoice, time: Pick<Time, "wallMs">): KeyManagement {
  switch (choice.kind) {
    case "aws":
      return awsKms(choice, time);
    case "vault":
      return vaultTransit(choice);
  }
}

// One key per line, `ID CIPHERTEXT`, the primary first.
async function unwrapRing(text: string, service: KeyManagement): Promise<KeyRing> {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const entries: { id: string; bytes: Buffer }[] = [];
  for (const line of lines.filter((each) => each !== "" && !each.startsWith("#"))) {
    const [id = "", cipher = "", ...rest] = line.split(/\s+/);
    if (cipher === "" || rest.length > 0)
      throw new EvergrantError("kek_malformed", { detail: `entry ${entries.length + 1} is not ID CIPHERTEXT` });
    entries.push({ id, bytes: await service.decrypt(id, cipher) });
  }
  return keyRingOf(entries);
}
