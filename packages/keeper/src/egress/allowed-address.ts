import { BlockList, isIP } from "node:net";

/** Where the gateway may connect: the open internet, or this machine alone. */
export type AllowedAddresses = "public" | "loopback";

/**
 * Whether a token may be sent to an address. `public`: globally reachable unicast alone, so nothing private, shared, link-local,
 * reserved, multicast, or IPv4 in the clothes of IPv6 (IANA special-purpose address registries).
 */
export function isAllowedAddress(address: string, allowed: AllowedAddresses): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  const type = family === 4 ? "ipv4" : "ipv6";
  switch (allowed) {
    case "loopback":
      return LOOPBACK.check(address, type);
    case "public":
      return family === 4
        ? !SPECIAL.check(address, type)
        : GLOBAL_V6.check(address, type) && !SPECIAL.check(address, type);
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

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix = ""] = network.split("/");
    list.addSubnet(address, Number(prefix), address.includes(":") ? "ipv6" : "ipv4");
  }
  return list;
}
