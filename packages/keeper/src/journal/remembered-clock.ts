import type { ClockMark } from "../ports/provenance.ts";
import { type RememberedFile, rememberedFile } from "./remembered-file.ts";

/** How the time of a node that is alone stood to its machine's clock. */
export function rememberedClock(folder: string): RememberedFile<ClockMark> {
  return rememberedFile(folder, "clock", ({ aheadMs, doubtfulUntilMs }) => {
    if (!Number.isSafeInteger(aheadMs)) return null;
    if (doubtfulUntilMs !== null && !Number.isSafeInteger(doubtfulUntilMs)) return null;
    return { aheadMs: Number(aheadMs), doubtfulUntilMs: doubtfulUntilMs === null ? null : Number(doubtfulUntilMs) };
  });
}
