import { isIP, type LookupFunction } from "node:net";
import { type AllowedAddresses, isAllowedAddress } from "./allowed-address.ts";

/** Thrown at whoever wants to connect to an address that is not allowed; its code tells it from what the network says. */
class AddressRefused extends Error {
  readonly code = "ADDRESS_REFUSED";
}

/**
 * A look-up for whoever opens connections: what it answers is what is connected to, whatever the name resolves to later. All of a
 * name's addresses have to be allowed: one that is not shows that the name is not what it should be.
 */
export function checkedLookup(allowed: AllowedAddresses, lookup: LookupFunction): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, "");
      const addresses = Array.isArray(found) ? found : [{ address: found, family: isIP(found) }];
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => isAllowedAddress(address, allowed)))
        return done(new AddressRefused(), "");
      return options.all === true ? done(null, addresses) : done(null, first.address, first.family);
    });
  };
}

/** Refuses a host that is written as an address, which is never looked up. @throws AddressRefused */
export function requireAllowedLiteral(url: URL, allowed: AllowedAddresses): void {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && !isAllowedAddress(host, allowed)) throw new AddressRefused();
}
