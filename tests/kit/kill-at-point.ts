import { subscribe } from "node:diagnostics_channel";

// Preloaded into a node process: it ends without a trace inside the point that the test names, as a power cut would end it.
const wanted: { point: string; subject: string; nth?: number } | null = JSON.parse(
  process.env["EVERGRANT_TEST_KILL"] ?? "null",
);
let passed = 0;

subscribe("evergrant:point", (message) => {
  const { point, subject } = message as { point: string; subject: string };
  if (wanted === null || wanted.point !== point || wanted.subject !== subject) return;
  passed += 1;
  if (passed === (wanted.nth ?? 1)) process.kill(process.pid, "SIGKILL");
});
