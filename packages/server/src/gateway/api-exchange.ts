import type { IncomingHttpHeaders } from "node:http";
import { finished, type Readable } from "node:stream";
import { EvergrantError } from "@evergrant/core";
import type { AccessToken, AdmittedCall, ApiTurn, CallsLeft } from "@evergrant/keeper";
import { LIMITS } from "../http/limits.ts";
import { type ApiClient, ApiFailure, type ApiResponse } from "./api-client.ts";
import type { CallBody } from "./call-body.ts";
import type { Fields } from "./passed-fields.ts";
import { readStart, textOf } from "./read-start.ts";

/** A call as it goes out, but for what the keeper puts in. */
export interface OutgoingCall {
  readonly method: string;
  readonly headers: Fields;
  readonly body: CallBody;
  /** Nobody wants the answer any more. */
  readonly signal: AbortSignal;
  /** Calls that are not sent yet shall not be. */
  readonly stopping: AbortSignal;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  readonly left: readonly CallsLeft[];
  /** The token that was put in: nothing of the answer's head may hold it. */
  readonly token: AccessToken;
}

/**
 * Sends a call to the provider's API in its turn. Where the API calls the token expired, it is sent once more with another one, if
 * there is one and the body was kept.
 * @throws what `turn` and `token` throw · api_unreachable · api_timeout · api_address_refused · api_call_cancelled
 */
export async function exchangeCall(client: ApiClient, call: AdmittedCall, out: OutgoingCall): Promise<ApiAnswer> {
  // First what may take long without a place in the queue.
  await call.token();
  const first = await sendInTurn(client, call, { out, token: () => call.token() });
  if (!(await isExpired(call, first))) return first;
  const replacement = await call.replacement(first.token);
  if (replacement === null || out.body.kind === "streamed") return first;
  first.body.resume();
  return await sendInTurn(client, call, { out, token: async () => replacement });
}

interface Sending {
  readonly out: OutgoingCall;
  readonly token: () => Promise<AccessToken>;
}

async function sendInTurn(client: ApiClient, call: AdmittedCall, sending: Sending): Promise<Started> {
  const { signal, stopping } = sending.out;
  const turn = await call.turn(AbortSignal.any([signal, stopping]));
  try {
    const token = await sending.token();
    const response = await sendOnce(client, call, { ...sending, token });
    turn.answered({ status: response.statusCode, headers: singleFields(response.headers) });
    finished(response.body, () => turn.ended());
    return await started(response, { token, turn });
  } catch (error) {
    if (error instanceof ApiFailure && error.sent) turn.ended();
    else turn.withdrawn();
    throw refusalOf(error);
  }
}

async function sendOnce(
  client: ApiClient,
  call: AdmittedCall,
  { out, token }: { readonly out: OutgoingCall; readonly token: AccessToken },
): Promise<ApiResponse> {
  const { body } = out;
  const length = body.kind === "streamed" && body.length !== null ? { "content-length": body.length } : {};
  return await client.send({
    origin: call.origin,
    target: call.target,
    addresses: call.addresses,
    method: out.method,
    headers: {
      ...out.headers,
      ...length,
      ...call.headers,
      authorization: `${token.tokenType} ${token.accessToken.reveal()}`,
    },
    body: body.kind === "none" ? null : body.kind === "kept" ? body.bytes : body.stream,
    signal: out.signal,
  });
}

interface Started extends ApiAnswer {
  /** The beginning of a refusal, to learn why; null for any other answer. */
  readonly refusal: string | null;
}

async function started(
  response: ApiResponse,
  { token, turn }: { readonly token: AccessToken; readonly turn: ApiTurn },
): Promise<Started> {
  const { statusCode: status, headers } = response;
  const answer = { status, headers, body: response.body as Readable, left: turn.left(), token };
  if (status !== 401 && status !== 403) return { ...answer, refusal: null };
  const { start, body, whole } = await readStart(response.body, LIMITS.apiRefusalBytes);
  const coding = singleFields(headers)["content-encoding"];
  return { ...answer, body, refusal: whole ? textOf(start, coding, LIMITS.apiRefusalBytes) : "" };
}

async function isExpired(call: AdmittedCall, { status, headers, refusal }: Started): Promise<boolean> {
  return refusal !== null && call.meaning({ status, headers: singleFields(headers) }, refusal) === "token-expired";
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof ApiFailure)) return error;
  const detail = error.sent ? error.message : `${error.message}; it was not sent`;
  switch (error.kind) {
    case "address-refused":
      return new EvergrantError("api_address_refused", { cause: error });
    case "timeout":
      return new EvergrantError("api_timeout", { detail, cause: error });
    case "unreachable":
      return new EvergrantError("api_unreachable", { detail, cause: error });
    case "cancelled":
      return new EvergrantError("api_call_cancelled", { cause: error });
  }
}

function singleFields(headers: IncomingHttpHeaders): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}
