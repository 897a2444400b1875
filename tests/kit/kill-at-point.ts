import { subscribe } from "node:diagnostics_channel";
import type { KillPoint } from "./node-process.ts";

// Preloaded into a node process: it ends without a trace inside the point that the test names, at its start or later on, as a power cut
// would end it.
let wanted: KillPoint | null = JSON.parse(process.env["EVERGRANT_TEST_KILL"] ?? "null");
let passed = 0;

subscribe("evergrant:point", (message) => {
  const { point, subject } = message as { point: string; subject: string };
  if (wanted === null || wanted.point !== point || wanted.subject !== subject) return;
  passed += 1;
  if (passed === (wanted.nth ?? 1)) process.kill(process.pid, "SIGKILL");
});

process.on("message", (kill: KillPoint | { readonly leapMs: number }) => {
  if ("leapMs" in kill) return;
  wanted = kill;
  passed = 0;
  process.send?.("armed");
});
process.channel?.unref();
