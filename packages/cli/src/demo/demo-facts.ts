import { join } from "node:path";
import { readJsonFile, writePrivateFile } from "../private-file.ts";

/** What a running demo tells other programs, in `demo.json` (mode 0600). */
export interface DemoFacts {
  readonly evergrant: string;
  readonly console: string | null;
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly operatorKey: string;
  readonly connection: string;
  readonly consentLink: string;
  /** Null where the demo speaks to the real provider. */
  readonly sandbox: { readonly identity: string; readonly api: string; readonly control: string } | null;
}

const TEXTS = [
  "evergrant",
  "issuer",
  "tokenEndpoint",
  "clientId",
  "clientSecret",
  "operatorKey",
  "connection",
  "consentLink",
] as const;

/** Null where there is no `demo.json`, or it is not one. */
export function readDemoFacts(folder: string): DemoFacts | null {
  const found = readJsonFile(join(folder, "demo.json"));
  if (found === null || !TEXTS.every((name) => typeof found[name] === "string")) return null;
  const texts = Object.fromEntries(TEXTS.map((name) => [name, String(found[name])])) as Record<
    (typeof TEXTS)[number],
    string
  >;
  const console = typeof found["console"] === "string" ? found["console"] : null;
  return { ...texts, console, sandbox: sandboxOf(found["sandbox"]) };
}

/** Written wholly or not at all. */
export function writeDemoFacts(folder: string, facts: DemoFacts): string {
  const file = join(folder, "demo.json");
  writePrivateFile(file, `${JSON.stringify(facts, null, 2)}\n`);
  return file;
}

function sandboxOf(value: unknown): DemoFacts["sandbox"] {
  if (typeof value !== "object" || value === null) return null;
  const { identity, api, control } = { identity: null, api: null, control: null, ...value };
  if (typeof identity !== "string" || typeof api !== "string" || typeof control !== "string") return null;
  return { identity, api, control };
}
