import type { Dispatcher } from "undici";
import { request as undiciRequest } from "undici";
import type { Time } from "../ports/time.ts";

/** One request without a body, to be sent once. */
export interface JsonRequest {
  readonly method: "GET" | "DELETE";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly longestBody: number;
}

/** What came back, its body unparsed; or why nothing whole did, without any of what was sent. */
export type JsonEnding =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** `WWW-Authenticate`. */
      readonly challenge: string | null;
      readonly text: string;
    }
  | { readonly kind: "unreachable"; readonly reason: string };

export interface Wire {
  readonly dispatcher: Dispatcher;
  /** Real time. */
  readonly time: Time;
  readonly timeoutMs: number;
}

/** Sends one request once: no redirect is followed, nothing is repeated, nothing is thrown. */
export async function exchangeJson(wire: Wire, request: JsonRequest): Promise<JsonEnding> {
  if (!isSafeForTokens(request.url))
    return { kind: "unreachable", reason: "the address is neither https nor http on loopback" };
  const abort = new AbortController();
  const timer = wire.time.setTimer(wire.timeoutMs, () => abort.abort());
  try {
    const { statusCode, headers, body } = await undiciRequest(request.url, {
      dispatcher: wire.dispatcher,
      method: request.method,
      headers: {
        accept: "application/json",
        "accept-encoding": "identity",
        "user-agent": "evergrant",
        ...request.headers,
      },
      signal: abort.signal,
    });
    const text = await readUpTo(body, request.longestBody);
    if (text === null) return { kind: "unreachable", reason: `the answer is longer than ${request.longestBody} bytes` };
    const challenge = [headers["www-authenticate"] ?? []].flat().join(", ") || null;
    return { kind: "answered", status: statusCode, challenge, text };
  } catch (error) {
    const reason = abort.signal.aborted ? `no whole answer within ${wire.timeoutMs} ms` : failureOf(error);
    return { kind: "unreachable", reason };
  } finally {
    timer.cancel();
  }
}

/** Whether a token or a secret may be sent there: https, or plain http within this machine. */
export function isSafeForTokens(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || url.username !== "" || url.password !== "") return false;
  const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && loopback);
}

async function readUpTo(body: AsyncIterable<Buffer>, longest: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (length > longest) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

// By its code alone: a message may quote what was sent.
function failureOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return failureOf(error.errors[0]);
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  return /^[A-Z][A-Z0-9_]{1,63}$/.test(code) ? `the connection failed (${code})` : "the connection failed";
}
