import { isIP, type LookupFunction } from "node:net";
import { isAllowedAddress, isWithin, type Network } from "@evergrant/core";
import { Agent } from "undici";
import { AddressRefused, checkedLookup } from "../egress/checked-lookup.ts";
import type { Time } from "../ports/time.ts";

export interface GuardedFetchOptions {
  /** Real time, also where the keeper's own is moved: sockets do not follow a moved clock. */
  readonly time: Pick<Time, "setTimer">;
  /** Where keys may be fetched besides the open internet. */
  readonly networks: readonly Network[];
  /** Default: the system's. */
  readonly lookup?: LookupFunction;
}

export interface GuardedFetch {
  /** Why an address is never asked; null where it may be. */
  flawOf(url: string): string | null;
  /** A small JSON document. Redirects are not followed. @throws FetchFailed */
  json(url: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Says without any of what was sent or answered why there is no document. */
export class FetchFailed extends Error {
  override readonly name = "FetchFailed";
}

const LONGEST_DOCUMENT = 256 * 1024;
const WHOLE_MS = 5_000;

/** Fetches public documents from the open internet, and from networks that were named. */
export function guardedFetch({ time, networks, lookup }: GuardedFetchOptions): GuardedFetch {
  const isAllowed = (address: string) => isAllowedAddress(address, "public") || isWithin(networks, address);
  const agent = new Agent({
    connections: 8,
    allowH2: false,
    keepAliveTimeout: 1_000,
    connect: { timeout: WHOLE_MS, lookup: checkedLookup(isAllowed, lookup) },
  });
  const flawOf = (text: string): string | null => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null || url.username !== "" || url.password !== "" || url.hash !== "") return "this is no plain URL";
    const host = url.hostname.replace(/^\[|\]$/g, "");
    if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(host))) return "keys come over https";
    // A literal address is never looked up.
    if (isIP(host) !== 0 && !isAllowed(host)) return "keys do not come from this address, unless its network is named";
    return null;
  };
  return {
    flawOf,
    json: async (url) => {
      const flaw = flawOf(url);
      if (flaw !== null) throw new FetchFailed(flaw);
      return await fetchJson(agent, time, url);
    },
    close: () => agent.destroy(),
  };
}

async function fetchJson(agent: Agent, time: Pick<Time, "setTimer">, url: string): Promise<unknown> {
  const abort = new AbortController();
  const timer = time.setTimer(WHOLE_MS, () => abort.abort());
  try {
    const { origin, pathname, search } = new URL(url);
    const { statusCode, body } = await agent.request({
      ...{ origin, path: `${pathname}${search}`, method: "GET", signal: abort.signal },
      headers: { accept: "application/json", "accept-encoding": "identity", "user-agent": "evergrant" },
    });
    if (statusCode !== 200) throw new FetchFailed(`the answer was ${statusCode}`);
    return JSON.parse(await readUpTo(body)) as unknown;
  } catch (error) {
    if (error instanceof FetchFailed) throw error;
    throw new FetchFailed(abort.signal.aborted ? "no whole answer in time" : reasonOf(error));
  } finally {
    timer.cancel();
    abort.abort();
  }
}

async function readUpTo(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (length > LONGEST_DOCUMENT) throw new FetchFailed(`the answer is longer than ${LONGEST_DOCUMENT} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || isAllowedAddress(host, "loopback");
}

function reasonOf(error: unknown): string {
  if (error instanceof AddressRefused) return "the name resolves to an address that keys do not come from";
  if (error instanceof SyntaxError) return "the answer is not JSON";
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return reasonOf(error.errors[0]);
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  return /^[A-Z][A-Z0-9_]{1,63}$/.test(code) ? `the connection failed (${code})` : "the connection failed";
}
