import { EvergrantError } from "@evergrant/core";
import { isAway, sqlState } from "./postgres-failure.ts";

/** Why a database cannot be opened, in one sentence that says what to do; never with a word of the address but its hosts. */
export function refusal(error: unknown, hosts: string): EvergrantError {
  if (error instanceof EvergrantError) return error;
  return new EvergrantError("store_unopenable", { detail: `${hosts}: ${sentence(error)}`, cause: error });
}

const BY_STATE: Readonly<Record<string, string>> = {
  "28P01": "the role or its password is wrong",
  "28000": "the server does not let this role in from here: check pg_hba.conf and whether it asks for TLS (sslmode)",
  "3D000": "there is no database of this name: create it first",
  "3F000": "the role has no schema to work in: create one, or grant it usage and create on one",
  "42501": "the role lacks rights: grant it usage and create on the schema, or all rights on the tables in it",
  "42P07": "tables of another program are in the schema: give Evergrant a database or schema of its own",
  "53300": "the server has no connection left: raise max_connections or put a pooler before it",
  "57P03": "the server is starting or stopping: try again",
};

const BY_SYSTEM: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there: check host and port, and whether the server runs",
  ENOTFOUND: "there is no host of this name",
  EAI_AGAIN: "the host's name could not be looked up: check the network's name service",
  EHOSTUNREACH: "the network does not reach the host",
  ENETUNREACH: "the network does not reach the host",
  ETIMEDOUT: "the host does not answer",
  ECONNRESET: "the server ended the connection",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by itself: name it with sslrootcert",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate's authority is not known here: name it with sslrootcert",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate's authority is not known here: name it with sslrootcert",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another host name",
  CERT_HAS_EXPIRED: "its certificate has expired",
  ENOENT: "a file or socket that the address names is not there",
};

function sentence(error: unknown): string {
  const cause = rootOf(error);
  const known = BY_STATE[sqlState(cause) ?? ""] ?? BY_SYSTEM[codeOf(cause)];
  if (known !== undefined) return known;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (/timeout/i.test(message)) return "it does not answer in time";
  return isAway(error) ? message : `it cannot be used (${message})`;
}

// The innermost that says something: an AggregateError stands for one attempt per address of the host.
function rootOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0]);
  if (error instanceof Error && error.cause !== undefined) return rootOf(error.cause);
  return error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
