import { join } from "node:path";
import { EvergrantError, Secret } from "@evergrant/core";
import type { Command } from "commander";
import { type AdminClient, createAdminClient } from "./admin-client.ts";
import type { CommandWorld } from "./command-world.ts";
import { type DemoFacts, readDemoFacts } from "./demo/demo-facts.ts";
import { isLoopbackUrl } from "./loopback.ts";
import { readFileIfThere } from "./private-file.ts";

const DEFAULT_URL = "http://localhost:4180";

/** Options that every command takes. */
interface GlobalOptions {
  readonly json?: boolean;
  readonly folder: string;
  readonly url?: string;
}

/** What one run of a command has at hand. */
export interface Session {
  readonly world: CommandWorld;
  /** Results and refusals as JSON, one value each. */
  readonly json: boolean;
  readonly folder: string;
  /** Where the running node is. */
  readonly url: string;
  /** What the demo in the folder wrote down, if that is the node at `url`. */
  readonly demo: DemoFacts | null;
  /** Somebody is there to be asked, and no script wants JSON. */
  readonly interactive: boolean;
  /** @throws operator_key_invalid when no key can be found */
  admin(): AdminClient;
  /** The result: `json` for scripts, `text` for people. */
  print(result: { readonly json: unknown; readonly text: string }): void;
}

/** Reads the options that every command takes. */
export function openSession(world: CommandWorld, command: Command): Session {
  const { json = false, folder, url: given } = command.optsWithGlobals<GlobalOptions>();
  const facts = readDemoFacts(folder);
  const url = (given ?? facts?.evergrant ?? DEFAULT_URL).replace(/\/+$/, "");
  const demo = facts?.evergrant === url ? facts : null;
  return {
    world,
    json,
    folder,
    url,
    demo,
    interactive: world.terminal.interactive && !json,
    admin: () => createAdminClient({ url, operatorKey: findOperatorKey(world, { folder, url, demo }) }),
    print: ({ json: value, text }) => world.terminal.out(json ? JSON.stringify(value, null, 2) : text),
  };
}

function findOperatorKey(
  world: CommandWorld,
  node: { readonly folder: string; readonly url: string; readonly demo: DemoFacts | null },
): Secret {
  const named = world.env["EVERGRANT_OPERATOR_KEY"]?.trim() || null;
  // A key that lies in a folder here opens a node here: it is never sent to another machine.
  const lying = isLoopbackUrl(node.url) ? readFileIfThere(join(node.folder, "operator-key"))?.trim() || null : null;
  const key = named ?? lying ?? node.demo?.operatorKey ?? null;
  if (key !== null && /^[\x21-\x7e]+$/.test(key)) return new Secret(key);
  throw new EvergrantError("operator_key_invalid", {
    detail: `set EVERGRANT_OPERATOR_KEY, or keep the key in ${join(node.folder, "operator-key")}`,
  });
}
