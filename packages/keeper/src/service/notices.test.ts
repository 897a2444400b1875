import { expect, test } from "vitest";
import { codeOf } from "../testing/callers-world.ts";
import { NOTHING, RECIPIENT, recipient, records } from "../testing/contract/samples.ts";
import { anOperatorsWorld } from "../testing/operators-world.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import { NoticeDesk } from "./notices.ts";

async function aDeskThatTold(count: number) {
  const { context, store } = anOperatorsWorld();
  const desk = new NoticeDesk(context, { get: () => undefined } as unknown as ConnectionDirectory);
  await store.notices.createRecipient(recipient(), NOTHING);
  const tell = async () => {
    await store.audit.write(records({ kind: "connection", id: "cn_1" }, "told", { notice: true }));
    const waiting = (await store.audit.outbox(50)).map(({ sequence }) => ({ sequence, groups: [] }));
    const decide = () => ({ tell: "consent-needed", recipients: [RECIPIENT], opens: null, closes: [] }) as const;
    await store.notices.distribute(waiting, decide, 100);
  };
  for (let n = 0; n < count; n += 1) await tell();
  return { desk, tell };
}

test("what was told is read page by page, newest first, and what is told meanwhile moves nothing", async () => {
  const { desk, tell } = await aDeskThatTold(5);
  const read: number[] = [];
  for (let cursor: string | null = null, more = true; more; ) {
    const page = await desk.deliveries(null, { cursor, limit: 2 });
    read.push(...page.items.map(({ id }) => id));
    cursor = page.next;
    more = cursor !== null;
    await tell();
  }
  expect(read).toEqual([5, 4, 3, 2, 1]);
  expect((await desk.deliveries("dead", { cursor: null, limit: 2 })).items).toEqual([]);
});

test("a cursor that no page of deliveries gave is refused", async () => {
  const { desk } = await aDeskThatTold(1);
  const made = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  for (const cursor of [made(["deliveries", 1, "first"]), made(["apps", 1, "1"]), "x"])
    expect(await codeOf(desk.deliveries(null, { cursor, limit: 1 }))).toBe("input_invalid");
});
