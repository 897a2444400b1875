// What a Node program that `sandbox exec` runs loads before anything of its own. It must not need a package.
import { readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { machine } from "../real-time.ts";
import { replaceDate } from "./clock-date.ts";
import { followClock } from "./clock-follower.ts";
import { readOffset } from "./clock-offset.ts";
import { replaceTimers } from "./clock-timers.ts";
import { leadConnections } from "./lead-connections.ts";
import { preloadSettings } from "./preload-settings.ts";

const settings = preloadSettings(process.env);
if (settings !== null) {
  const connections = leadConnections(settings);
  // Where libfaketime is loaded the machine's clock has already been moved for us, but not the timers.
  const offset = readOffset(settings.offsetFile, clockIsMoved() ? "moved-already" : "ours-to-move");
  const nowMs = (): number => machine.wallMs() + offset.toAddMs();
  replaceDate(nowMs);
  const timers = replaceTimers(nowMs);
  syncBuiltinESMExports();
  followClock(settings, { offset, timers, connections });
}

function clockIsMoved(): boolean {
  if (!process.env["LD_PRELOAD"]?.includes("libfaketime")) return false;
  try {
    return readFileSync("/proc/self/maps", "utf8").includes("libfaketime");
  } catch {
    return false;
  }
}
