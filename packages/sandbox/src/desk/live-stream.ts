import type { FastifyReply } from "fastify";
import { realTime, waitRealMs } from "../real-time.ts";
import type { World } from "../world.ts";
import { SECTIONS } from "./sections.ts";
import type { DeskVisit } from "./visit.ts";
import { instantText } from "./words.ts";

const lookEveryMs = 250;
/** What is shown also changes because time passes: tokens end. */
const renderAnywayEveryLooks = 20;
/** Of a large sandbox the page is seldom rendered, so that whoever is tested has the processor. */
const restsPerRender = 9;
/** A reader that does not take what it gets is given no more for a while. */
const mostWaitingBytes = 1_000_000;

/**
 * Sends what changes on the page as server-sent events, until the browser or the sandbox goes: `section` with a part's new content,
 * `now` with the time.
 */
export async function streamChanges(world: World, reply: FastifyReply, visit: () => DeskVisit): Promise<void> {
  const out = reply.raw;
  const gone = new AbortController();
  out.once("close", () => gone.abort());
  out.on("error", () => gone.abort());
  out.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const until = AbortSignal.any([world.closing, gone.signal]);
  const shown = new Map<string, string>();
  let rendered = "";
  let now = "";
  let restUntilMs = 0;
  for (let looks = 0; !until.aborted; looks += 1) {
    const revision = `${world.commits()} ${world.journal.revision()} ${world.faults.revision()}`;
    if (out.writableLength < mostWaitingBytes) {
      const startedMs = realTime.monotonicMs();
      if (startedMs >= restUntilMs && (revision !== rendered || looks % renderAnywayEveryLooks === 0)) {
        out.write(changedSections(visit(), shown));
        rendered = revision;
        const endedMs = realTime.monotonicMs();
        restUntilMs = endedMs + (endedMs - startedMs) * restsPerRender;
      }
      const text = instantText(world.clock.nowMs());
      if (text !== now) out.write(`event: now\ndata: ${text}\n\n`);
      now = text;
    }
    await waitRealMs(lookEveryMs, until);
  }
  out.end();
}

/** The events for the sections that differ from what was sent before. */
function changedSections(visit: DeskVisit, shown: Map<string, string>): string {
  let events = "";
  for (const { id, live } of SECTIONS) {
    const { text } = live(visit);
    if (shown.get(id) === text) continue;
    shown.set(id, text);
    events += `event: section\ndata: ${JSON.stringify({ id, html: text })}\n\n`;
  }
  return events;
}
