import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeArchive } from "../../testing/archive-contract.ts";
import { movableTime, NODE } from "../../testing/contract/store-world.ts";
import { openSqliteStore } from "./sqlite-store.ts";

describeArchive("sqlite", async () => {
  const folder = mkdtempSync(join(tmpdir(), "evergrant-archive-"));
  const store = await openSqliteStore({ file: join(folder, "evergrant.db"), time: movableTime(), node: NODE });
  return {
    store,
    dispose: async () => {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});
