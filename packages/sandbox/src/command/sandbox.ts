#!/usr/bin/env node
import { enableCompileCache } from "node:module";

// What was compiled once is not compiled again: the sandbox starts in two thirds of the time.
enableCompileCache?.();
const { runSandbox } = await import("./run-sandbox.ts");
await runSandbox(process.argv.slice(2));
