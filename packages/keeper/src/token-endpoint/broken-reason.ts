/**
 * Why an exchange broke, from the error's code alone: an error's message may quote what was sent.
 * Codes: Node's system and TLS errors, undici's `UND_ERR_…`.
 */
export function brokenReason(error: unknown, bytesSent: boolean): string {
  const code = codeOf(error);
  const known = code === null ? undefined : REASONS[code];
  const reason =
    known ?? (bytesSent ? "the connection broke before the answer was whole" : "no connection could be made");
  return code === null ? reason : `${reason} (${code})`;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: "the host's name does not resolve",
  EAI_AGAIN: "the host's name could not be resolved",
  ECONNREFUSED: "the connection was refused",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was closed while we wrote",
  UND_ERR_CONNECT_TIMEOUT: "connecting took too long",
  UND_ERR_SOCKET: "the connection was closed before the answer was whole",
  UND_ERR_HEADERS_OVERFLOW: "the answer's headers are too long",
  CERT_HAS_EXPIRED: "the host's certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "the host's certificate is for another name",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the host's certificate is not trusted",
  SELF_SIGNED_CERT_IN_CHAIN: "the host's certificate is not trusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the host's certificate is not trusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the host's certificate is not trusted",
};

function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if ("code" in error && typeof error.code === "string" && /^[A-Z][A-Z0-9_]{1,63}$/.test(error.code)) return error.code;
  // Several addresses were tried: the first failure stands for all.
  return error instanceof AggregateError ? codeOf(error.errors[0]) : null;
}
