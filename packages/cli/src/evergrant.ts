#!/usr/bin/env -S node --conditions=@evergrant/source
import { nodeTerminal } from "./node-terminal.ts";
import { realTime } from "./real-time.ts";
import { runEvergrant } from "./run-evergrant.ts";
import { untilStopped } from "./stop-signals.ts";

const time = realTime();

const exitCode = await runEvergrant(process.argv.slice(2), {
  terminal: nodeTerminal(),
  env: process.env,
  time,
  untilStopped: () => untilStopped(time),
});

// What was written goes out first; a wait that nobody needs any more does not hold the process.
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>((resolve) => stream.write("", () => resolve()));
process.exit(exitCode);
