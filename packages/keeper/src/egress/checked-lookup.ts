import { lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";

/**
 * Finds a name's addresses for a connection, which then goes to an address that was looked at, whatever the name resolves to later.
 * All of them have to be allowed: one that is not shows that the name is not what it should be.
 */
export function checkedLookup(
  isAllowed: (address: string) => boolean,
  lookup: LookupFunction = systemLookup,
): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, "");
      const addresses = Array.isArray(found) ? found : [{ address: found, family: isIP(found) }];
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => isAllowed(address)))
        return done(new AddressRefused(), "");
      return options.all === true ? done(null, addresses) : done(null, first.address, first.family);
    });
  };
}

/** Refuses a host that is written as an address, which is never looked up. @throws AddressRefused */
export function requireAllowedLiteral(url: URL, isAllowed: (address: string) => boolean): void {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && !isAllowed(host)) throw new AddressRefused();
}

/** Nothing was sent: the address is none that may be connected to. */
export class AddressRefused extends Error {
  readonly code = "ADDRESS_REFUSED";
}
