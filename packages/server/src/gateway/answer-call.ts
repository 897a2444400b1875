import type { Readable } from "node:stream";
import { EvergrantError } from "@evergrant/core";
import type { AdmittedCall, CallsLeft, ShownTenants } from "@evergrant/keeper";
import type { FastifyReply } from "fastify";
import { LIMITS } from "../http/limits.ts";
import type { ApiAnswer } from "./api-exchange.ts";
import { passedAnswerFields } from "./passed-fields.ts";
import { readStart } from "./read-start.ts";

/** Where the gateway of a connection is, for addresses that the API's answers hold. */
export interface GatewayAddress {
  readonly base: string;
  readonly isHead: boolean;
}

/**
 * Passes an answer of the provider's API on: allowed fields, and the body as it streams in.
 * @throws api_redirect_refused · api_unreachable
 */
export async function answerCall(
  reply: FastifyReply,
  call: AdmittedCall,
  { answer, address }: { readonly answer: ApiAnswer; readonly address: GatewayAddress },
): Promise<FastifyReply> {
  const { status, body } = answer;
  const token = answer.token.accessToken.reveal();
  const location = passedLocation(call, answer, address);
  reply
    .code(status)
    .headers(passedAnswerFields(answer.headers, call.passes.answer, token))
    .headers(leftFields(answer.left));
  if (location !== null) reply.header("location", location);
  if (call.shows !== null && status < 300 && !address.isHead) {
    const shown = status === 200 ? await shownTenants(body, call.shows) : unreadable(body);
    return reply.type("application/json").send(shown);
  }
  const length = answer.headers["content-length"];
  if (address.isHead || status === 204 || status === 304) {
    body.resume();
    if (address.isHead && call.shows === null && typeof length === "string") reply.header("content-length", length);
    return reply.send();
  }
  if (typeof length === "string") reply.header("content-length", length);
  return reply.send(body);
}

/** What is left of the provider's limits (draft-ietf-httpapi-ratelimit-headers), as far as is known. */
function leftFields(left: readonly CallsLeft[]): Readonly<Record<string, string>> {
  if (left.length === 0) return {};
  const item = (name: string, parameters: string) => `"${name}";${parameters}`;
  return {
    ratelimit: left.map((window) => item(window.name, `r=${window.left}`)).join(", "),
    "ratelimit-policy": left
      .map(({ name, calls, spanMs }) => item(name, `q=${calls};w=${Math.round(spanMs / 1000)}`))
      .join(", "),
  };
}

// A caller's library may follow a redirect with the caller's own credentials: within the API's origin it comes back here, and
// elsewhere it must not go.
function passedLocation(call: AdmittedCall, { status, headers }: ApiAnswer, { base }: GatewayAddress): string | null {
  const given = headers["location"];
  if (given === undefined) return null;
  const requested = new URL(call.target, call.origin);
  const to = URL.canParse(given, requested) ? new URL(given, requested) : null;
  if (to !== null && to.origin === requested.origin && to.username === "" && to.password === "")
    return `${base}${to.pathname}${to.search}`;
  if (status >= 300 && status < 400) throw new EvergrantError("api_redirect_refused");
  return null;
}

async function shownTenants(body: Readable, shows: ShownTenants): Promise<string> {
  const { start, whole, body: rest } = await readStart(body, LIMITS.tenantListBytes);
  const shown = whole ? shownOnly(parse(start.toString("utf8")), shows.items, shows) : null;
  return shown === null ? unreadable(rest) : JSON.stringify(shown);
}

/** The answer without what is not shown: of the list, and of the objects on the way to it nothing else. Null: not understood. */
function shownOnly(value: unknown, items: string | null, shows: ShownTenants): unknown {
  const shown = new Set(shows.tenants.map((tenant) => tenant.toLowerCase()));
  const isShown = (entry: unknown) => shown.has(tenantOf(entry, shows.member));
  if (items === null) return isObject(value) ? (isShown(value) ? value : {}) : null;
  if (items === "") return Array.isArray(value) ? value.filter(isShown) : null;
  const [name = "", ...deeper] = items.split(".");
  const inner = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  if (deeper.length > 0) {
    const filtered = shownOnly(inner, deeper.join("."), shows);
    return filtered === null ? null : { [name]: filtered };
  }
  if (Array.isArray(inner)) return { [name]: inner.filter(isShown) };
  if (!isObject(inner)) return null;
  return isShown(inner) ? { [name]: inner } : { [name]: null };
}

function unreadable(body: Readable): never {
  body.destroy();
  throw new EvergrantError("api_unreachable", { detail: "the list of organisations cannot be read" });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function tenantOf(entry: unknown, member: string): string {
  const id = member
    .split(".")
    .reduce<unknown>((at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : null), entry);
  return typeof id === "string" || typeof id === "number" ? String(id).toLowerCase() : "";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
