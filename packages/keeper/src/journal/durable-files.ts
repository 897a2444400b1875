import { type FileHandle, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** A file that is only ever written at its end. `sync` resolves once all that was written is on disk. */
export interface AppendFile {
  write(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Makes a new file with mode 0600; rejects when there is one of that name. */
export type CreateAppendFile = (path: string) => Promise<AppendFile>;

export const createAppendFile: CreateAppendFile = async (path) => {
  const handle = await open(path, "wx", 0o600);
  return {
    write: (bytes) => writeAll(handle, bytes),
    sync: () => handle.datasync(),
    close: () => handle.close(),
  };
};

/** Makes names in a folder durable: a new file is there after a power failure only when its folder was synced. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Puts a whole small file in place or leaves what was there; durable when it resolves. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const beside = `${path}.new`;
  const handle = await open(beside, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, path);
  await syncFolder(dirname(path));
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, null);
    done += bytesWritten;
  }
}
