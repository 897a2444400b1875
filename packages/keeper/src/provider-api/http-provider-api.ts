import type { Limits, Secret } from "@evergrant/core";
import { Agent } from "undici";
import type { Provider, ResolvedEndpoints } from "../ports/provider.ts";
import type { ProbeAnswer, ProviderApi, TenantsAnswer } from "../ports/provider-api.ts";
import type { Time } from "../ports/time.ts";
import { discoverEndpoints } from "./discovery.ts";
import { exchangeJson, type Wire } from "./json-exchange.ts";
import { parseJson, textAt } from "./json-members.ts";
import { readTenantList } from "./tenant-list.ts";

export interface HttpProviderApiOptions {
  /** Real time, also where the keeper's own is moved: sockets do not follow a moved clock. */
  readonly time: Time;
  readonly limits: Pick<Limits, "requestTimeoutMs">;
  /** PEM; replaces the certificate authorities that Node trusts. */
  readonly ca?: string;
}

/** Ten thousand organisations, with room. */
const LONGEST_TENANT_LIST = 8 * 1024 * 1024;
const LONGEST_SUBJECT = 1024 * 1024;
const LONGEST_REFUSAL = 200;

/** The keeper's few calls to a provider's API and metadata, over HTTP/1.1. `close` cuts what is still on its way. */
export function httpProviderApi(options: HttpProviderApiOptions): ProviderApi & { close(): Promise<void> } {
  const timeoutMs = options.limits.requestTimeoutMs;
  const agent = new Agent({
    connections: 16,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: Math.ceil(timeoutMs / 3), ...(options.ca === undefined ? {} : { ca: options.ca }) },
  });
  const wire: Wire = { dispatcher: agent, time: options.time, timeoutMs };
  return {
    tenants: (provider, endpoints, accessToken) => listTenants(wire, { provider, endpoints, accessToken }),
    subject: (provider, endpoints, accessToken) => readSubject(wire, { provider, endpoints, accessToken }),
    probe: (provider, endpoints, accessToken) => probe(wire, { provider, endpoints, accessToken }),
    deleteConnection: (provider, endpoints, request) => deleteConnection(wire, { provider, endpoints, ...request }),
    discover: (issuer) => discoverEndpoints(wire, issuer),
    close: () => agent.destroy(),
  };
}

interface ApiCall {
  readonly provider: Provider;
  readonly endpoints: ResolvedEndpoints;
  readonly accessToken: Secret;
}

async function listTenants(wire: Wire, call: ApiCall): Promise<TenantsAnswer> {
  const { tenants } = call.provider;
  if (tenants.kind !== "list") return { kind: "listed", tenants: [] };
  const url = apiAddress(tenants.path, call.endpoints);
  if (url === null) return { kind: "unreachable", reason: "the provider's API has no address" };
  const ending = await exchangeJson(wire, {
    method: "GET",
    url,
    headers: bearer(call.accessToken),
    longestBody: LONGEST_TENANT_LIST,
  });
  if (ending.kind === "unreachable") return ending;
  const { status, text } = ending;
  if (status === 401 || status === 403) return { kind: "refused", status, detail: refusalOf(text, call.accessToken) };
  if (status !== 200) return { kind: "unreachable", reason: `status ${status}` };
  const list = readTenantList(text, tenants);
  return list === null
    ? { kind: "unreachable", reason: "status 200 with something other than a list of tenants" }
    : { kind: "listed", tenants: list };
}

async function probe(wire: Wire, call: ApiCall): Promise<ProbeAnswer> {
  const { tenants, examplePath } = call.provider;
  const path = tenants.kind === "list" ? tenants.path : examplePath;
  const url = path === null ? null : apiAddress(path, call.endpoints);
  if (url === null) return { kind: "unreachable", reason: "the provider's API has no call to ask with" };
  const headers = bearer(call.accessToken);
  const ending = await exchangeJson(wire, { method: "GET", url, headers, longestBody: LONGEST_TENANT_LIST });
  if (ending.kind === "unreachable") return ending;
  const { status, challenge, text } = ending;
  const said = refusalOf(text, call.accessToken);
  return { kind: "answered", status, challenge: challenge && refusalOf(challenge, call.accessToken), said };
}

async function deleteConnection(
  wire: Wire,
  call: ApiCall & { readonly connectionId: string },
): Promise<"gone" | "failed"> {
  const { tenants } = call.provider;
  const list = tenants.kind === "list" && tenants.deletable ? apiAddress(tenants.path, call.endpoints) : null;
  // An id that climbs or ends the path would delete something else, or everything.
  if (list === null || !/^[A-Za-z0-9_-]{1,128}$/.test(call.connectionId)) return "failed";
  const ending = await exchangeJson(wire, {
    method: "DELETE",
    url: `${list}/${call.connectionId}`,
    headers: bearer(call.accessToken),
    longestBody: 64 * 1024,
  });
  if (ending.kind === "unreachable") return "failed";
  return ending.status === 404 || (ending.status >= 200 && ending.status < 300) ? "gone" : "failed";
}

async function readSubject(wire: Wire, call: ApiCall): Promise<string | null> {
  const { subject } = call.provider;
  const url = subject.kind === "api" ? apiAddress(subject.path, call.endpoints) : null;
  if (subject.kind !== "api" || url === null) return null;
  const headers = bearer(call.accessToken);
  const ending = await exchangeJson(wire, { method: "GET", url, headers, longestBody: LONGEST_SUBJECT });
  return ending.kind === "answered" && ending.status === 200 ? textAt(parseJson(ending.text), subject.member) : null;
}

function apiAddress(path: string, endpoints: ResolvedEndpoints): string | null {
  const [origin] = endpoints.apiOrigins;
  const url = origin !== undefined && URL.canParse(path, origin) ? new URL(path, origin) : null;
  return url !== null && url.origin === new URL(origin ?? "").origin ? url.href : null;
}

function bearer(accessToken: Secret): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${accessToken.reveal()}` };
}

/** What the API said about its refusal, in printable characters, without the token should it quote it. */
function refusalOf(text: string, accessToken: Secret): string {
  const said = text
    .replaceAll(accessToken.reveal(), "[token]")
    .replaceAll(/[^\x20-\x7e]+/g, " ")
    .trim();
  const detail = /"detail"\s*:\s*"((?:[^"\\]|\\.)*)"/i.exec(said)?.[1] ?? said;
  return detail.slice(0, LONGEST_REFUSAL);
}
