import type { Command } from "commander";
import { UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { storyText } from "../text/story-text.ts";
import { parseWholeNumber } from "./whole-number.ts";

/** `evergrant why`: the story of a connection. */
export function addWhy(program: Command, world: CommandWorld): void {
  program
    .command("why <connection>")
    .description("why a connection is as it is: the last attempts, what happens next, and when")
    .option("--limit <count>", "how many events to tell, up to 200", parseWholeNumber, 20)
    .action(async (name: string, options: { readonly limit: number }, command: Command) => {
      const session = openSession(world, command);
      if (options.limit < 1 || options.limit > 200) throw new UsageError("--limit is a number from 1 to 200.");
      const admin = session.admin();
      const story = await admin.call("readStory", { params: { name }, query: { limit: String(options.limit) } });
      const { nowMs } = await admin.call("me");
      session.print({ json: { ...story, nowMs }, text: storyText(story, nowMs) });
    });
}
