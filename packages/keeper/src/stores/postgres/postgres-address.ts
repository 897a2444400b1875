import { EvergrantError } from "@evergrant/core";

/** Where a database is: one host, or several of which one at a time is the primary. */
export interface PostgresAddress {
  readonly hosts: readonly PostgresHost[];
}

export interface PostgresHost {
  /** `HOST:PORT` for people. */
  readonly name: string;
  /** The same address with this host alone; holds the password. */
  readonly connectionString: string;
}

const DEFAULT_PORT = "5432";
const SHAPE = /^(postgres(?:ql)?:\/\/)([^/?#]*)(.*)$/s;
const HOSTS_AT_MOST = 16;

/**
 * Reads `postgres://ROLE:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?PARAMETERS`, a libpq connection URI:
 * https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING-URIS. What it says of no host is said of none here.
 * @throws store_unopenable, never with a part of the address that could be its password
 */
export function readPostgresAddress(dsn: string): PostgresAddress {
  const [, scheme, authority, rest] = SHAPE.exec(dsn) ?? refuse("it does not begin with postgres://");
  if (scheme === undefined || authority === undefined || rest === undefined) return refuse("it cannot be read");
  const at = authority.lastIndexOf("@");
  const person = authority.slice(0, at + 1);
  const named = authority.slice(at + 1).split(",");
  if (named.length > HOSTS_AT_MOST) refuse(`it names more than ${HOSTS_AT_MOST} hosts`);
  const hosts = named.map((host) => readHost(host, `${scheme}${person}${host}${rest}`, named.length));
  if (new Set(hosts.map(({ name }) => name)).size < hosts.length) refuse("it names the same host twice");
  return { hosts };
}

function readHost(host: string, connectionString: string, of: number): PostgresHost {
  if (host === "" && of > 1) refuse("one of its hosts is empty");
  // A URL of a scheme that is not the web's may leave its host out: then it is a socket, or the default of libpq.
  const url = URL.parse(connectionString.replace("@/", "/"));
  if (url === null) return refuse("its hosts, ports or percent signs cannot be read");
  if (!isDecodable(url.username) || !isDecodable(url.password) || !isDecodable(url.pathname))
    refuse("a percent sign in it stands for nothing: write a percent sign itself as %25");
  const name = host === "" ? (url.searchParams.get("host") ?? "localhost") : url.hostname;
  return { name: `${name}:${url.port || url.searchParams.get("port") || DEFAULT_PORT}`, connectionString };
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function refuse(why: string): never {
  throw new EvergrantError("store_unopenable", {
    detail: `the address of the database is not one: ${why}. Write postgres://ROLE:PASSWORD@HOST:PORT/DATABASE`,
  });
}
