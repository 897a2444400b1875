import type { RefusedAccess, Switches } from "../engine/index.ts";
import { type Answer, jsonAnswer } from "./answer.ts";

type Refused = RefusedAccess["kind"];

/** Xero's bodies for calls that may not go through: `Instance` differs from answer to answer. */
export function apiRefusal(access: RefusedAccess, switches: Switches, instance: string): Answer {
  const status = statuses[access.kind];
  const facts = {
    Type: null,
    Title: status === 401 ? "Unauthorized" : "Forbidden",
    Status: status,
    Detail: detail(access),
    Instance: instance,
    Extensions: {},
  };
  const body =
    switches["401_key_case"] === "lower"
      ? Object.fromEntries(Object.entries(facts).map(([key, value]) => [key.toLowerCase(), value]))
      : facts;
  return jsonAnswer(status, body, { "xero-correlation-id": instance, ...challenge(access.kind, switches) });
}

// A missing scope is a 401 and a wrong tenant a 403: the other way round than elsewhere.
const statuses: { readonly [K in Refused]: 401 | 403 } = {
  expired: 401,
  unauthenticated: 401,
  "scope-missing": 401,
  "tenant-refused": 403,
};

function detail(access: RefusedAccess): string {
  switch (access.kind) {
    case "expired":
      return `TokenExpired: token expired at ${usDate(access.expiredAtMs)}`;
    case "unauthenticated":
    case "tenant-refused":
      return "AuthenticationUnsuccessful";
    case "scope-missing":
      return "AuthorizationUnsuccessful";
  }
}

function challenge(kind: Refused, switches: Switches): Readonly<Record<string, string>> {
  switch (kind) {
    case "scope-missing":
      return { "www-authenticate": switches["scope_401.spelling"] };
    case "expired":
    case "unauthenticated":
      return { "www-authenticate": "Bearer error=invalid_token" };
    case "tenant-refused":
      return {};
  }
}

/** MM/DD/YYYY HH:mm:ss in UTC. */
function usDate(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(5, 7)}/${iso.slice(8, 10)}/${iso.slice(0, 4)} ${iso.slice(11, 19)}`;
}
