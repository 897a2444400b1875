export { type AllowedAddresses, isAllowedAddress } from "@evergrant/core";
