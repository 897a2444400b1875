import { GRANT } from "../../testing/contract/samples.ts";
import { movableTime, NODE, newMark } from "../../testing/contract/store-world.ts";
import { describeStore } from "../../testing/store-contract.ts";
import { memoryStore } from "./memory-store.ts";

describeStore("memory", async () => {
  const time = movableTime();
  const mark = newMark();
  const store = memoryStore({ time, node: NODE, mark: () => mark });
  return {
    store,
    mark,
    time,
    tamper: async (sequence) => {
      const story = await store.audit.story({ kind: "grant", id: GRANT }, Number.MAX_SAFE_INTEGER);
      const record = story.find((one) => one.sequence === sequence);
      Object.assign(record?.facts ?? {}, { number: 8 });
    },
    dispose: () => store.close(),
  };
});
