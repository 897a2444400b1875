import type { LookupFunction } from "node:net";
import type { Readable } from "node:stream";
import { type AllowedAddresses, isAllowedAddress } from "@evergrant/core";
import { checkedLookup, requireAllowedLiteral } from "@evergrant/keeper";
import { Agent, type Dispatcher } from "undici";
import type { Fields } from "./passed-fields.ts";

/** One request to a provider's API, ready to be sent. */
export interface ApiRequest {
  readonly origin: string;
  /** Path and query, sent as they are. */
  readonly target: string;
  readonly addresses: AllowedAddresses;
  readonly method: string;
  readonly headers: Fields;
  readonly body: Buffer | Readable | null;
  readonly signal: AbortSignal;
}

export type ApiResponse = Pick<Dispatcher.ResponseData, "statusCode" | "headers" | "body">;

/** Why there is no answer; `sent` where the request may have reached the provider. */
export class ApiFailure extends Error {
  readonly kind: "address-refused" | "timeout" | "unreachable" | "cancelled";
  readonly sent: boolean;

  constructor(kind: ApiFailure["kind"], facts: { sent: boolean; reason: string; cause: unknown }) {
    super(facts.reason, { cause: facts.cause });
    this.kind = kind;
    this.sent = facts.sent;
  }
}

export interface ApiClientOptions {
  readonly connectMs: number;
  readonly silenceMs: number;
  /** Default: the system's. */
  readonly lookup?: LookupFunction;
}

export interface ApiClient {
  /** Sends once: no redirect is followed, nothing is repeated. @throws ApiFailure */
  send(request: ApiRequest): Promise<ApiResponse>;
  close(): Promise<void>;
}

/** HTTP/1.1 to providers' APIs. Every connection goes to an address that was looked at, whatever its name resolves to later. */
export function apiClient(options: ApiClientOptions): ApiClient {
  const agents = { public: agentFor("public", options), loopback: agentFor("loopback", options) };
  return {
    send: (request) => send(agents[request.addresses], request),
    close: async () => {
      await Promise.all([agents.public.destroy(), agents.loopback.destroy()]);
    },
  };
}

function agentFor(allowed: AllowedAddresses, { connectMs, silenceMs, lookup }: ApiClientOptions): Agent {
  return new Agent({
    connections: 64,
    allowH2: false,
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
    connect: { timeout: connectMs, lookup: checkedLookup(guard(allowed), lookup) },
  });
}

const guard = (allowed: AllowedAddresses) => (address: string) => isAllowedAddress(address, allowed);

async function send(agent: Agent, request: ApiRequest): Promise<ApiResponse> {
  const { origin, target, addresses, method, headers, body, signal } = request;
  try {
    requireAllowedLiteral(new URL(origin), guard(addresses));
    return await agent.request({
      origin,
      path: target,
      method: method as Dispatcher.HttpMethod,
      headers,
      body,
      signal,
    });
  } catch (error) {
    throw failureOf(error, signal);
  }
}

/** By the error's code alone: its message may quote what was sent. */
function failureOf(error: unknown, signal: AbortSignal): ApiFailure {
  const code = codeOf(error);
  const facts = { sent: !NOT_SENT.has(code), reason: code === "" ? "the connection failed" : code, cause: error };
  if (signal.aborted) return new ApiFailure("cancelled", facts);
  if (code === "ADDRESS_REFUSED") return new ApiFailure("address-refused", facts);
  return new ApiFailure(TIMEOUTS.has(code) ? "timeout" : "unreachable", facts);
}

const TIMEOUTS = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "UND_ERR_CONNECT_TIMEOUT"]);
const NOT_SENT = new Set([
  "ADDRESS_REFUSED",
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const code: unknown = error instanceof Error && "code" in error ? error.code : "";
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,63}$/.test(code) ? code : "";
}
