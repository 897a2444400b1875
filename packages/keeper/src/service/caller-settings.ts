import { EvergrantError, flawOfWorkload, parseNetwork } from "@evergrant/core";
import type { AssertionVerifier, SignerKeys } from "../ports/assertion-verifier.ts";
import type { CallerAuthentication, KeySource, Workload } from "../ports/caller-store.ts";

const MOST_WORKLOADS = 10;
const MOST_NETWORKS = 100;
const MOST_REQUESTS = 1_000_000;

/** Where the keys of a workload's platform come from. */
export function keysOfWorkload({ keys, issuer }: Workload): SignerKeys {
  return keys.kind === "discovery" ? { kind: "discovery", issuer } : keys;
}

/**
 * Looks at how a caller is to show who it is, before anybody relies on it.
 * @throws caller_authentication_invalid
 */
export async function checkAuthentication(
  verifier: AssertionVerifier,
  { keys, workloads, networks, requestsPerMinute }: CallerAuthentication,
): Promise<void> {
  const flaw =
    (await flawOfOwnKeys(verifier, keys)) ??
    (await flawOfWorkloads(verifier, workloads)) ??
    flawOfNetworks(networks) ??
    flawOfRate(requestsPerMinute);
  if (flaw !== null) throw new EvergrantError("caller_authentication_invalid", { detail: flaw });
}

/** For the audit: how a caller shows who it is, in words without keys. */
export function authenticationWords(authentication: CallerAuthentication): Readonly<Record<string, string>> {
  const { keys, workloads, networks, requestsPerMinute } = authentication;
  return {
    keys: keys === null ? "" : keyWords(keys),
    workloads: workloads.map(({ kind, issuer }) => `${kind} ${issuer}`).join(" "),
    networks: networks === null ? "" : networks.join(" "),
    requestsPerMinute: requestsPerMinute === null ? "" : String(requestsPerMinute),
  };
}

function keyWords(keys: KeySource): string {
  switch (keys.kind) {
    case "keys":
      return `${keys.keys.length} by value`;
    case "url":
      return keys.url;
    case "file":
      return keys.file;
  }
}

async function flawOfOwnKeys(verifier: AssertionVerifier, keys: KeySource | null): Promise<string | null> {
  return keys === null ? null : await verifier.flawOf(keys);
}

async function flawOfWorkloads(verifier: AssertionVerifier, workloads: readonly Workload[]): Promise<string | null> {
  if (workloads.length > MOST_WORKLOADS) return `a caller may be ${MOST_WORKLOADS} workloads at most`;
  for (const workload of workloads) {
    const flaw = flawOfWorkload(workload) ?? (await verifier.flawOf(keysOfWorkload(workload)));
    if (flaw !== null) return flaw;
  }
  return null;
}

function flawOfNetworks(networks: readonly string[] | null): string | null {
  if (networks === null) return null;
  if (networks.length === 0 || networks.length > MOST_NETWORKS)
    return `name 1 to ${MOST_NETWORKS} networks, or none for a caller that may call from anywhere`;
  const wrong = networks.find((network) => parseNetwork(network) === null);
  return wrong === undefined ? null : `${wrong.slice(0, 60)} is no network: write ADDRESS/PREFIX, as in 10.1.0.0/16`;
}

function flawOfRate(requestsPerMinute: number | null): string | null {
  if (requestsPerMinute === null) return null;
  const fits = Number.isInteger(requestsPerMinute) && requestsPerMinute >= 1 && requestsPerMinute <= MOST_REQUESTS;
  return fits ? null : `requests per minute are a whole number from 1 to ${MOST_REQUESTS}`;
}
