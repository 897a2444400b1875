import { contains, isWithin, type Network, parseAddress, parseNetwork } from "./network.ts";

/** Where a connection may go that carries a token, or that fetches keys: the open internet, or this machine alone. */
export type AllowedAddresses = "public" | "loopback";

/**
 * Whether an address may be connected to. `public`: globally reachable unicast alone, so nothing private, shared, link-local,
 * reserved, multicast, or IPv4 in the clothes of IPv6 (IANA special-purpose address registries).
 */
export function isAllowedAddress(text: string, allowed: AllowedAddresses): boolean {
  const address = parseAddress(text);
  if (address === null) return false;
  const isIn = (networks: readonly Network[]) => networks.some((network) => contains(network, address));
  switch (allowed) {
    case "loopback":
      return isWithin(LOOPBACK, text);
    case "public":
      return (address.family === 4 || isIn(GLOBAL_V6)) && !isIn(SPECIAL);
  }
}

const LOOPBACK = listOf(["127.0.0.0/8", "::1/128"]);
const GLOBAL_V6 = listOf(["2000::/3"]);
const SPECIAL = listOf([
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
  // Within 2000::/3: Teredo and other protocols, documentation, 6to4, and what is set apart since.
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "2620:4f:8000::/48",
  "3fff::/20",
]);

function listOf(texts: readonly string[]): readonly Network[] {
  return texts.flatMap((text) => parseNetwork(text) ?? []);
}
