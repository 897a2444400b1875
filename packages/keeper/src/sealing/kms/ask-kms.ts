import { EvergrantError } from "@evergrant/core";

const TIMEOUT_MS = 10_000;
const LONGEST_ANSWER = 64 * 1024;

export interface KmsRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs?: number;
}

/**
 * One request to a key-management service; the members of its answer. What the service says of a refusal is told, what was sent never is.
 * @throws kms_unavailable where nobody answers, or with a failure of its own · kms_refused where it says no
 */
export async function askKms(service: string, request: KmsRequest): Promise<Readonly<Record<string, unknown>>> {
  const { status, text } = await send(service, request);
  const members = parse(text);
  if (status >= 200 && status < 300 && members !== null) return members;
  const said = members === null ? "" : ` ${saidBy(members)}`;
  const isTheirs = status >= 500 || status === 429 || status < 400;
  throw new EvergrantError(isTheirs ? "kms_unavailable" : "kms_refused", { detail: `${service}: ${status}${said}` });
}

/** Keys do not travel in clear: https, or this machine. @throws kms_misconfigured */
export function checkKmsAddress(address: string): void {
  const url = URL.canParse(address) ? new URL(address) : null;
  const isLocal = url !== null && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url === null || (url.protocol !== "https:" && !(url.protocol === "http:" && isLocal)))
    throw new EvergrantError("kms_misconfigured", { detail: `${address} is no https address` });
}

async function send(service: string, request: KmsRequest): Promise<{ status: number; text: string }> {
  const { url, headers, body, timeoutMs = TIMEOUT_MS } = request;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await fetch(url, { method: "POST", headers, body, redirect: "error", signal });
    const text = await answer.text();
    if (text.length > LONGEST_ANSWER) throw new Error("its answer is too long");
    return { status: answer.status, text };
  } catch (error) {
    const why = error instanceof Error && error.name === "TimeoutError" ? "it does not answer" : "it cannot be reached";
    throw new EvergrantError("kms_unavailable", { detail: `${service}: ${why}`, cause: error });
  }
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

// AWS names a type, Vault a list of errors; either is shown short and printable.
function saidBy(members: Readonly<Record<string, unknown>>): string {
  const { __type: type, errors } = members;
  const said = typeof type === "string" ? type.split("#").at(-1) : Array.isArray(errors) ? errors.join("; ") : "";
  return String(said ?? "")
    .replaceAll(/[^\x20-\x7e]/g, " ")
    .slice(0, 200);
}
