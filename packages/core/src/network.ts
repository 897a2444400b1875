/** An IP address as a number. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** All addresses that begin with the same bits. */
export interface Network {
  readonly address: IpAddress;
  readonly prefix: number;
}

const WIDTH = { 4: 32, 6: 128 } as const;

/** Reads an address in its usual notation (RFC 4291 §2.2 for IPv6; a zone is left off). Null for anything else. */
export function parseAddress(text: string): IpAddress | null {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/**
 * Reads `ADDRESS/PREFIX`, or an address alone. Null for anything else, and where bits beyond the prefix are set: whoever wrote
 * that meant another network. IPv4 in the clothes of IPv6 (`::ffff:a.b.c.d`) becomes IPv4.
 */
export function parseNetwork(text: string): Network | null {
  const [place = "", length, ...rest] = text.split("/");
  const address = parseAddress(place);
  if (address === null || rest.length > 0 || place.includes("%")) return null;
  const width = WIDTH[address.family];
  if (length !== undefined && !/^(0|[1-9]\d{0,2})$/.test(length)) return null;
  const prefix = length === undefined ? width : Number(length);
  if (prefix > width || address.value % (1n << BigInt(width - prefix)) !== 0n) return null;
  const bare = unmapped(address);
  return bare.family === address.family || prefix < 96 ? { address, prefix } : { address: bare, prefix: prefix - 96 };
}

/** Whether an address lies in a network: as it stands, IPv4-mapped addresses being of IPv6. */
export function contains({ address, prefix }: Network, candidate: IpAddress): boolean {
  const rest = BigInt(WIDTH[address.family] - prefix);
  return address.family === candidate.family && address.value >> rest === candidate.value >> rest;
}

/** Whether a peer's address lies in one of the networks; an IPv4-mapped one counts as the IPv4 address that it is. */
export function isWithin(networks: readonly Network[], text: string): boolean {
  const address = parseAddress(text);
  return address !== null && networks.some((network) => contains(network, unmapped(address)));
}

// ::ffff:0:0/96, RFC 4291 §2.5.5.2.
function unmapped(address: IpAddress): IpAddress {
  return address.family === 6 && address.value >> 32n === 0xffffn
    ? { family: 4, value: address.value & 0xffffffffn }
    : address;
}

function parseIpv4(text: string): IpAddress | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return null;
  return { family: 4, value: parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n) };
}

function parseIpv6(text: string): IpAddress | null {
  const [bare = "", zone] = text.split("%");
  if (zone === "") return null;
  const halves = withoutDots(bare)?.split("::");
  if (halves === undefined || halves.length > 2) return null;
  const [head = "", tail] = halves;
  const first = groupsOf(head);
  const last = tail === undefined ? [] : groupsOf(tail);
  if (first === null || last === null) return null;
  const missing = 8 - first.length - last.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...first, ...Array.from({ length: missing }, () => "0"), ...last];
  return { family: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) };
}

// The last 32 bits may be written as an IPv4 address.
function withoutDots(text: string): string | undefined {
  if (!text.includes(".")) return text;
  const at = text.lastIndexOf(":") + 1;
  const ipv4 = parseIpv4(text.slice(at));
  if (ipv4 === null) return undefined;
  return `${text.slice(0, at)}${(ipv4.value >> 16n).toString(16)}:${(ipv4.value & 0xffffn).toString(16)}`;
}

function groupsOf(text: string): readonly string[] | null {
  if (text === "") return [];
  const groups = text.split(":");
  return groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) ? groups : null;
}
