import { join } from "node:path";
import { UsageError } from "../command-failure.ts";
import { readJsonFile, writePrivateFile } from "../private-file.ts";

/** The ports of a demo. They are remembered, since links, redirect URIs and the app's origins hold them. */
export interface DemoPorts {
  readonly evergrant: number;
  readonly sandbox: number;
}

/** What was asked for; 0: any free one, the same again at the next start; undefined: the usual or remembered one. */
export interface WantedPorts {
  readonly evergrant: number | undefined;
  readonly sandbox: number | undefined;
}

const USUAL: DemoPorts = { evergrant: 4180, sandbox: 4181 };
const FILE = "demo-ports.json";

/** @throws UsageError when the folder's app knows the sandbox at another port than the one asked for */
export function choosePorts(wanted: WantedPorts, remembered: DemoPorts | null): DemoPorts {
  const asked = wanted.sandbox || undefined;
  if (remembered !== null && asked !== undefined && asked !== remembered.sandbox)
    throw new UsageError(
      `This demo knows its sandbox at port ${remembered.sandbox}. Leave out --sandbox-port, or begin another demo with --folder.`,
    );
  return {
    evergrant: wanted.evergrant || (remembered?.evergrant ?? wanted.evergrant ?? USUAL.evergrant),
    sandbox: remembered?.sandbox ?? wanted.sandbox ?? USUAL.sandbox,
  };
}

export function readPorts(folder: string): DemoPorts | null {
  const found = readJsonFile(join(folder, FILE));
  const evergrant = found?.["evergrant"];
  const sandbox = found?.["sandbox"];
  return isPort(evergrant) && isPort(sandbox) ? { evergrant, sandbox } : null;
}

export function rememberPorts(folder: string, ports: DemoPorts): void {
  writePrivateFile(join(folder, FILE), `${JSON.stringify(ports)}\n`);
}

function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value < 65_536;
}
