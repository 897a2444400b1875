import { type ApiPath, EvergrantError, sameTenant } from "@evergrant/core";
import type { TenantLocator } from "../ports/provider.ts";

/** What a call says for itself, before it is known which organisation it may be about. */
export interface LocatorAsk {
  readonly path: ApiPath;
  /** Without its question mark. */
  readonly query: string;
  header(name: string): string | null;
}

/** The call with its organisation put in. */
export interface PlacedTenant {
  readonly tenant: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The organisation that a call names, and has to name itself where it stands in the path. Null: none is named.
 * @throws tenant_not_named where it is named more than once
 */
export function namedTenant(locator: TenantLocator, ask: LocatorAsk): string | null {
  switch (locator.kind) {
    case "none":
    case "host":
      return null;
    case "header":
      return ask.header(locator.name.toLowerCase())?.trim() || null;
    case "query": {
      const [named, ...more] = new URLSearchParams(ask.query).getAll(locator.name);
      if (more.length > 0) throw new EvergrantError("tenant_not_named", { detail: "it is named more than once" });
      return named || null;
    }
    case "path": {
      const before = locator.after.split("/");
      const segments = ask.path.text.split("/");
      const isThere = before.every((segment, index) => segment === "*" || segment === segments[index]);
      const named = isThere ? segments[before.length] : undefined;
      return named === undefined || named === "" ? null : decodeURIComponent(named);
    }
  }
}

/** Puts the organisation where the provider looks for it, in the provider's own spelling. */
export function placeTenant(locator: TenantLocator, ask: LocatorAsk, tenant: string): PlacedTenant {
  const asIs = { tenant, query: ask.query, headers: {} };
  switch (locator.kind) {
    case "none":
    case "host":
      return asIs;
    case "header":
      return { ...asIs, headers: { [locator.name.toLowerCase()]: tenant } };
    case "query": {
      if (namedTenant(locator, ask) !== null) return asIs;
      const named = `${encodeURIComponent(locator.name)}=${encodeURIComponent(tenant)}`;
      return { ...asIs, query: ask.query === "" ? named : `${ask.query}&${named}` };
    }
    case "path":
      if (!sameTenant(namedTenant(locator, ask) ?? "", tenant)) throw new EvergrantError("tenant_not_named");
      return asIs;
  }
}
