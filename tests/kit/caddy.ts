import { findCommand, startProxy } from "./proxy-process.ts";

/** Where Caddy is on this machine; null where it is not. */
export function findCaddy(): string | null {
  return findCommand(["caddy", "/usr/bin/caddy", "/usr/local/bin/caddy"], "version");
}

/** One Caddy process that serves these sites, and nothing to administer it by. */
export function startCaddy(command: string, sites: string): Promise<AsyncDisposable> {
  return startProxy({
    command,
    arguments: (folder) => ["run", "--config", `${folder}/Caddyfile`, "--adapter", "caddyfile"],
    configuration: () => ({ name: "Caddyfile", text: `{\n\tadmin off\n\tauto_https off\n}\n${sites}` }),
  });
}
