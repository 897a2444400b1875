import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { realChance } from "../real-time.ts";
import { formatKeyRingEntry, parseKeyRing } from "./key-ring.ts";
import { openStream, sealStream } from "./sealed-stream.ts";

const chance = realChance();
const ring = parseKeyRing(formatKeyRingEntry("k1", new Uint8Array(32).fill(1)));
const ABOUT = { deployment: "dp_1", createdAtMs: 5, steps: ["0001"] };

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function sealed(pieces: readonly Uint8Array[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of sealStream(ring, ABOUT, { pieces: each(pieces), chance })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function opened(bytes: Buffer, cutAt = 7): Promise<readonly Buffer[]> {
  const chunks = Array.from({ length: Math.ceil(bytes.length / cutAt) }, (_, n) =>
    bytes.subarray(n * cutAt, (n + 1) * cutAt),
  );
  const { pieces } = await openStream(ring, each(chunks));
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

const codeOf = async (work: Promise<unknown>) =>
  await work.then(
    () => "opened",
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );

describe("a sealed stream", () => {
  const content = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });

  test("gives back its pieces, however its bytes come", async () => {
    await fc.assert(
      fc.asyncProperty(content, fc.integer({ min: 1, max: 200 }), async (pieces, cutAt) => {
        const back = Buffer.concat(await opened(await sealed(pieces), cutAt));
        expect(back.equals(Buffer.concat(pieces))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("opens no more once a bit of it has changed, its end is missing, or something follows it", async () => {
    const bytes = await sealed([Buffer.from("one"), Buffer.from("two"), Buffer.from("three")]);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(["backup_damaged", "kek_wrong"]).toContain(await codeOf(opened(changed)));
      }),
      { numRuns: 300 },
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), async (length) => {
        expect(await codeOf(opened(bytes.subarray(0, length)))).toBe("backup_damaged");
      }),
      { numRuns: 200 },
    );
    expect(await codeOf(opened(Buffer.concat([bytes, Buffer.from("x")])))).toBe("backup_damaged");
  });

  test("holds nothing in clear but what is needed to find its key, and is another each time", async () => {
    const pieces = [Buffer.from("canary-of-the-content")];
    const [first, second] = [await sealed(pieces), await sealed(pieces)];
    expect(first.includes("canary")).toBe(false);
    expect((await openStream(ring, each([first]))).header).toMatchObject({ ...ABOUT, key: "k1" });
    expect(first.equals(second)).toBe(false);
  });

  test("tells a ring that lacks its key which one it needs", async () => {
    const other = parseKeyRing(formatKeyRingEntry("k2", new Uint8Array(32).fill(2)));
    await expect(openStream(other, each([await sealed([])]))).rejects.toMatchObject({
      ...{ code: "kek_wrong", detail: expect.stringContaining("k1") },
    });
    const same = parseKeyRing(formatKeyRingEntry("k1", new Uint8Array(32).fill(9)));
    const { pieces } = await openStream(same, each([await sealed([Buffer.from("x")])]));
    await expect(pieces.next()).rejects.toMatchObject({ code: "backup_damaged" });
  });
});
