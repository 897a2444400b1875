import type { Story } from "@evergrant/contract";
import { eventSentence } from "./event-sentence.ts";
import { localInstant, whenWords } from "./instants.ts";
import { printable } from "./table.ts";

/** Why a connection is as it is, for a person to read. */
export function storyText(story: Story, nowMs: number): string {
  const { connection, next, cannotPromise, outages, events } = story;
  return [
    `${connection.name}: ${printable(story.summary)}`,
    "",
    `  Next      ${printable(next.what)}${next.atMs === null ? "" : ` ${capitalised(whenWords(next.atMs, nowMs))}.`}`,
    ...(connection.lapsesAtMs === null
      ? []
      : [`  Lapses    ${whenWords(connection.lapsesAtMs, nowMs)}, if nothing is done`]),
    ...(connection.sharedWith.length === 0
      ? []
      : [`  Shared    with ${connection.sharedWith.join(", ")}: their callers reach each other's organisations`]),
    ...listed("Cannot be promised, by this provider's rules:", cannotPromise),
    ...listed(
      "If something goes wrong:",
      outages.map(({ sentence }) => sentence),
    ),
    ...listed(
      "Last events, newest first:",
      events.map((event) => `${localInstant(event.atMs)}  ${eventSentence(event)}`),
    ),
  ].join("\n");
}

function listed(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", `  ${title}`, ...lines.map((line) => `    ${printable(line)}`)];
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
