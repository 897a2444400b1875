import type { Provider } from "../ports/provider.ts";
import { generic } from "./generic.ts";
import { xero } from "./xero.ts";
import { xeroCustomConnection } from "./xero-custom-connection.ts";

/** Every provider that an app can be registered for, by its id. A new one is a file of data beside these and a place in this list. */
export const PROVIDERS: ReadonlyMap<string, Provider> = new Map(
  [xero, xeroCustomConnection, generic].map((provider) => [provider.id, provider]),
);
