import { mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { SandboxError } from "../errors.ts";
import { createCertificates } from "../tls/certificates.ts";
import { isThisMachine } from "../xero-hosts.ts";
import { type ClockRelay, startClockRelay } from "./clock-relay.ts";
import { findFaketime } from "./faketime.ts";
import { startForwardProxy } from "./forward-proxy.ts";
import { type Environment, programEnvironment } from "./program-environment.ts";
import { type FollowedClock, followSandboxClock } from "./sandbox-clock.ts";
import { startTlsFront } from "./tls-front.ts";
import { writeTrustFiles } from "./trust-files.ts";

export interface LeadOptions {
  /** A sandbox that runs on this machine: its origin or its control URL. */
  readonly url: string;
  /** The environment to build on; normally `process.env`. */
  readonly env: Environment;
  /** Lets the programs reach other machines too. Without it only Xero's hosts (the sandbox) and this machine are there. */
  readonly allowOthers?: boolean;
  /** The path of libfaketime for programs that are not Node; null: leave their clock. Looked for if not given. */
  readonly faketime?: string | null;
  /** Remarks for the person who runs the programs: a refused host, a sandbox that is gone. */
  readonly note?: (remark: LeadRemark) => void;
}

export type LeadRemark =
  | { readonly kind: "host-refused"; readonly host: string }
  | { readonly kind: "clock-moved"; readonly offsetMs: number }
  | { readonly kind: "sandbox-gone" };

/** A way into a sandbox for programs of other people, until it is closed. */
export interface LedPrograms {
  /** The environment in which to start a program: its Xero hosts lead to the sandbox, its clock is the sandbox's. */
  readonly env: Environment;
  /** libfaketime, if the clock of programs other than Node moves too. */
  readonly faketime: string | null;
  close(): Promise<void>;
}

/**
 * Prepares an environment for unmodified programs that talk to Xero: whatever is started in it reaches the sandbox under Xero's
 * names (a preload for Node, a proxy and certificate files for others) and lives on the sandbox's clock. Throws `sandbox_unreachable`.
 */
export async function leadPrograms(options: LeadOptions): Promise<LedPrograms> {
  const { origin, port } = parseSandboxUrl(options.url);
  const note = options.note ?? (() => {});
  const folder = mkdtempSync(join(tmpdir(), "evergrant-sandbox-"));
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const offsetFile = join(folder, "clock-offset");
    const { relay, clock } = await followClock(`${origin}/__sandbox`, { offsetFile, note });
    closing.push(
      () => relay.close(),
      () => clock.close(),
    );
    const certificates = createCertificates();
    const front = await startTlsFront(certificates, port);
    closing.push(() => front.close());
    const allowOthers = options.allowOthers ?? false;
    const onRefused = (host: string) => note({ kind: "host-refused", host });
    const proxy = await startForwardProxy({ sandboxPort: port, tlsPort: front.port, allowOthers, onRefused });
    closing.push(() => proxy.close());
    const library = options.faketime === undefined ? findFaketime(process.platform) : options.faketime;
    const env = programEnvironment(options.env, {
      ...writeTrustFiles(folder, certificates.ca, options.env),
      origin,
      proxyPort: proxy.port,
      preloadFile: PRELOAD_FILE,
      preload: {
        tlsPort: front.port,
        httpPort: port,
        allowOthers,
        clockPort: relay.port,
        clockWord: relay.word,
        offsetFile,
      },
      faketime: library === null ? null : { library, offsetFile },
    });
    return { env, faketime: library, close };
  } catch (error) {
    await close();
    throw error;
  }
}

// Compiled or not, the preload lies beside us and ends as we do.
const PRELOAD_FILE = join(import.meta.dirname, `../preload/preload${extname(import.meta.filename)}`);

function parseSandboxUrl(text: string): { readonly origin: string; readonly port: number } {
  const url = URL.parse(text);
  if (url === null || url.protocol !== "http:" || !isThisMachine(url.hostname.replace(/^\[|\]$/g, "")))
    throw new SandboxError(
      "command_line_invalid",
      `A sandbox on this machine was expected, such as http://localhost:4181, not ${text}.`,
    );
  return { origin: url.origin, port: Number(url.port || 80) };
}

interface Following {
  readonly offsetFile: string;
  readonly note: (remark: LeadRemark) => void;
}

async function followClock(
  controlUrl: string,
  { offsetFile, note }: Following,
): Promise<{ readonly relay: ClockRelay; readonly clock: FollowedClock }> {
  const file = openSync(offsetFile, "w+");
  let clock: FollowedClock | null = null;
  let movedToMs = 0;
  const relay = await startClockRelay(({ step, idle, nextDueMs }) => clock?.report({ clockId: step, idle, nextDueMs }));
  let step = 0;
  try {
    clock = await followSandboxClock(controlUrl, {
      onStep(line) {
        step = line.step;
        // Always of the same length and written at once, so that nobody reads half of it.
        writeSync(file, `${`+${(line.offsetMs / 1000).toFixed(3)}`.padEnd(24)}\n`, 0);
        if (line.offsetMs !== movedToMs) note({ kind: "clock-moved", offsetMs: line.offsetMs });
        movedToMs = line.offsetMs;
        relay.step(step);
      },
      onEnd: () => note({ kind: "sandbox-gone" }),
    });
    relay.step(step);
    return { relay, clock };
  } catch (error) {
    await relay.close();
    throw error;
  }
}
