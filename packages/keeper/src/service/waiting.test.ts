import { DEFAULT_LIMITS, EvergrantError } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { MovableTime } from "../../../../tests/kit/movable-time.ts";
import { persistently } from "./waiting.ts";

/** A store that does not answer so many times, and how often it was asked. */
function asked(silentTimes: number, error: Error = new EvergrantError("store_unavailable")) {
  const time = new MovableTime();
  const heard = { times: 0 };
  const answer = persistently({ time, limits: DEFAULT_LIMITS }, async () => {
    heard.times += 1;
    if (heard.times <= silentTimes) throw error;
    return "answer";
  });
  answer.catch(() => undefined);
  return { answer, heard, time };
}

describe("one of many questions to the store", () => {
  test("is asked again where the store does not answer, so that the others were not asked in vain", async () => {
    const { answer, heard, time } = asked(2);
    for (let tries = 0; tries < 2; tries += 1) await time.advance(DEFAULT_LIMITS.marginMs);
    expect(await answer).toBe("answer");
    expect(heard.times).toBe(3);
  });

  test("is given up where the store stays silent, and at once for any other reason", async () => {
    const silent = asked(99);
    for (let tries = 0; tries < 9; tries += 1) await silent.time.advance(DEFAULT_LIMITS.marginMs);
    await expect(silent.answer).rejects.toMatchObject({ code: "store_unavailable" });
    expect(silent.heard.times).toBe(4);
    const broken = asked(1, new TypeError("a mistake of ours"));
    await expect(broken.answer).rejects.toThrow(TypeError);
    expect(broken.heard.times).toBe(1);
  });
});
