import { decodeJwt } from "jose";
import type { TokenBody } from "../kit/world.ts";
import type { Target, Targets } from "./connections.ts";
import type { Fleet } from "./fleet.ts";
import { pause } from "./pause.ts";

/** What callers are told about, and who they tell. */
export interface Callers {
  /** Asks every node for every connection, again and again, until told to stop. */
  stop(): Promise<void>;
  /** How many tokens were served for a connection that were not its own, or did not reach its organisation. */
  wrongTokens(): number;
  /** The longest time in which no caller got a token of some one connection from any node. */
  longestWithoutTokenMs(): number;
  /** What has not been served, by node, with a token that the provider issued after this instant; none: every chain was alive then. */
  missingSince(atMs: number): readonly string[];
}

const BETWEEN_REQUESTS_MS = 1_000;
const PATIENCE_MS = 4_000;

/** Callers that know a URL, an id and a secret, as any server does. */
export function startCallers(fleet: Fleet, parts: Targets & CallerEvents): Callers {
  const issuedMs = new Map<string, number>();
  const seen = new Map<string, { lastMs: number; longestMs: number }>();
  const checked = new Set<string>();
  const startedMs = performance.now();
  let running = true;
  let wrong = 0;
  for (const { name } of parts.targets) seen.set(name, { lastMs: startedMs, longestMs: 0 });

  const served = async (target: Target, node: number, { sentAtMs, body }: { sentAtMs: number; body: TokenBody }) => {
    const atMs = performance.now();
    const expiresMs = (claimsOf(body.access_token ?? "")?.exp ?? 0) * 1_000;
    issuedMs.set(`${node} ${target.name}`, expiresMs - parts.accessLifeMs);
    parts.served(node, sentAtMs);
    const gap = seen.get(target.name);
    if (gap !== undefined) {
      gap.longestMs = Math.max(gap.longestMs, atMs - gap.lastMs);
      gap.lastMs = atMs;
    }
    const token = body.access_token ?? "";
    const lie = lieOf(body, { expiresMs, askedMs: Date.now() - (atMs - sentAtMs), accessLifeMs: parts.accessLifeMs });
    if (lie !== null) {
      wrong += 1;
      parts.wrong(target.name, lie);
    }
    if (checked.has(`${target.name} ${token}`)) return;
    checked.add(`${target.name} ${token}`);
    const fault = await faultOf(fleet, { target, token, expiresAtMs: atMs + (body.expires_in ?? 0) * 1_000 });
    if (fault === null) return;
    wrong += 1;
    parts.wrong(target.name, fault);
  };

  const loop = async (target: Target, node: number) => {
    while (running) {
      const sentAtMs = performance.now();
      const body = await ask(fleet.slots[node]?.url ?? "", target.name, parts.caller);
      if (body !== null) await served(target, node, { sentAtMs, body });
      await pause(BETWEEN_REQUESTS_MS);
    }
  };
  const loops = fleet.slots.flatMap((_slot, node) => parts.targets.map((target) => loop(target, node)));
  const missingSince = (atMs: number) =>
    fleet.slots.flatMap((_slot, node) =>
      parts.targets.flatMap(({ name }) =>
        (issuedMs.get(`${node} ${name}`) ?? 0) > atMs ? [] : [`node ${node}: ${name}`],
      ),
    );
  return {
    stop: async () => {
      running = false;
      await Promise.all(loops);
    },
    wrongTokens: () => wrong,
    longestWithoutTokenMs: () => {
      const nowMs = performance.now();
      return Math.round(
        Math.max(...[...seen.values()].map(({ lastMs, longestMs }) => Math.max(longestMs, nowMs - lastMs))),
      );
    },
    missingSince,
  };
}

export interface CallerEvents {
  readonly accessLifeMs: number;
  readonly served: (node: number, sentAtMs: number) => void;
  readonly wrong: (connection: string, fault: string) => void;
}

// A node that is down, frozen or honest about having nothing gives null.
async function ask(url: string, connection: string, caller: Targets["caller"]): Promise<TokenBody | null> {
  try {
    const response = await fetch(`${url}/connections/${connection}/oauth2/token`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`${caller.clientId}:${caller.clientSecret}`).toString("base64")}`,
      },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const body = (await response.json()) as TokenBody;
    return response.status === 200 ? body : null;
  } catch {
    return null;
  }
}

/** A token says itself when it expires, in whole seconds. */
const CLAIMED_WITHIN_MS = 1_000;

/** What is untrue about the life of a served token; null: nothing. */
function lieOf(
  { expires_in: expiresIn = 0 }: TokenBody,
  known: { readonly expiresMs: number; readonly askedMs: number; readonly accessLifeMs: number },
): string | null {
  if (known.expiresMs + CLAIMED_WITHIN_MS < known.askedMs) return "it expired before it was asked for";
  return expiresIn * 1_000 > known.accessLifeMs ? `it is said to live for ${expiresIn} s` : null;
}

interface Served {
  readonly target: Target;
  readonly token: string;
  readonly expiresAtMs: number;
}

/** Says what is wrong with a served token; null: it is the connection's own and opens its organisation. */
async function faultOf(fleet: Fleet, { target, token, expiresAtMs }: Served): Promise<string | null> {
  const claims = claimsOf(token);
  if (claims === null) return "not a token of the provider";
  if (claims["client_id"] !== target.clientId) return "a token of another app";
  if (target.subject !== null && claims.sub !== target.subject) return "a token of another person";
  const answer = await fleet.world.organisation({ access_token: token, tenants: [target.organisation] });
  if (answer.status === 200 && answer.name === target.organisation.name) return null;
  // It ran out on the way: nothing can be told of it.
  if (answer.status === 401 && performance.now() >= expiresAtMs) return null;
  return `the API answers ${answer.status} ${answer.name ?? ""}`;
}

function claimsOf(token: string) {
  try {
    return decodeJwt(token);
  } catch {
    return null;
  }
}
