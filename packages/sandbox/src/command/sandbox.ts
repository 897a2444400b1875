#!/usr/bin/env node
// Nothing is imported before the version is known: an older Node would only say what it does not find.
import module from "node:module";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`node_too_old: The sandbox needs Node 22.18 or newer; this is ${process.versions.node}.\n`);
  process.exitCode = 1;
} else {
  // What was compiled once is not compiled again at the next start.
  module.enableCompileCache();
  const { runSandbox } = await import("./run-sandbox.ts");
  await runSandbox(process.argv.slice(2));
}
