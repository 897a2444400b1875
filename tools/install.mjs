// Installs what a command needs, once per lock file. Plain JavaScript for Node 20: it runs before anything is installed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const stampFile = join(modules, ".evergrant-installed.json");
const lockFile = join(root, ".evergrant-installing");
const reaches = { production: ["production", "everything"], everything: ["everything"] };
const lockWaitMs = 15 * 60_000;
const lockPollMs = 500;

const wanted = process.argv[2];
if (wanted === undefined || !Object.hasOwn(reaches, wanted)) {
  fail("Say how far to install: node tools/install.mjs production | everything");
}
if (!isInstalled()) {
  takeLock();
  // Another command may have installed it while this one waited for the lock.
  if (!isInstalled()) install();
}

function isInstalled() {
  try {
    const stamp = JSON.parse(readFileSync(stampFile, "utf8"));
    return stamp.lock === lockDigest() && stamp.platform === platform() && reaches[wanted].includes(stamp.installed);
  } catch {
    return false;
  }
}

function install() {
  const args = [
    "ci",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    wanted === "production" ? "--omit=dev" : "--include=dev",
  ];
  process.stderr.write(
    `Installing ${wanted === "production" ? "what running needs" : "everything"} (npm ${args[0]}) …\n`,
  );
  rmSync(stampFile, { force: true });
  const result = runNpm(args);
  if (result.error)
    fail(`npm could not be started: ${result.error.message}. Install npm 10 or newer and run the command again.`);
  if (result.status !== 0) {
    fail(
      `npm ci failed (${result.signal ?? `exit code ${result.status}`}); its own message stands above. ` +
        "Check that the package registry can be reached and that package-lock.json is unchanged, then run the command again.",
    );
  }
  mkdirSync(modules, { recursive: true });
  const draft = `${stampFile}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify({ lock: lockDigest(), platform: platform(), installed: wanted })}\n`);
  renameSync(draft, stampFile);
}

function runNpm(args) {
  const cli = process.env.npm_execpath;
  const options = { cwd: root, env: ownEnvironment(), stdio: ["ignore", "inherit", "inherit"] };
  if (cli !== undefined && /npm-cli\.[cm]?js$/.test(cli) && existsSync(cli)) {
    return spawnSync(process.execPath, [cli, ...args], options);
  }
  return spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
}

/** Inside a script npm hands its own state down; a second npm must start from the user's settings, not from that. */
function ownEnvironment() {
  const handedDown =
    /^(NODE_ENV|INIT_CWD|npm_(package_.*|lifecycle_.*|command|config_(local_prefix|argv|omit|include|only|production|dev|dry_run)))$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !handedDown.test(name)));
}

function takeLock() {
  for (const waitUntilMs = Date.now() + lockWaitMs; ; pause(lockPollMs)) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: "wx" });
      process.once("exit", () => rmSync(lockFile, { force: true }));
      return;
    } catch (error) {
      if (error.code !== "EEXIST")
        fail(`${root} cannot be written (${error.code}): installing needs write access to it.`);
    }
    if (holderIsGone()) rmSync(lockFile, { force: true });
    else if (Date.now() > waitUntilMs)
      fail(`Another install still runs here. If none does, delete ${lockFile} and run the command again.`);
  }
}

/** A killed install leaves its file behind; the process id inside tells whether anybody still works. */
function holderIsGone() {
  try {
    const holder = Number(readFileSync(lockFile, "utf8"));
    if (!Number.isInteger(holder) || holder <= 0) return false;
    process.kill(holder, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

function pause(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function lockDigest() {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
}

function platform() {
  return `${process.platform}-${process.arch}`;
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
