import type { TenantDiscovery } from "../ports/provider.ts";
import type { Tenant } from "../ports/provider-api.ts";

type ListedTenants = Extract<TenantDiscovery, { kind: "list" }>;

/**
 * The tenants of a provider's list, or null when it is not one that we understand whole: to pass over one entry would make
 * its organisation look disconnected.
 */
export function readTenantList(text: string, discovery: ListedTenants): readonly Tenant[] | null {
  const list = parse(text);
  if (!Array.isArray(list)) return null;
  const tenants = list.map((entry: unknown) => readTenant(entry, discovery));
  return tenants.includes(null) ? null : tenants.filter((tenant) => tenant !== null);
}

/** An instant as providers write it, epoch milliseconds: any number of fraction digits, and UTC where no zone is given. */
export function readInstantMs(value: unknown): number | null {
  if (typeof value !== "string") return null;
  const parts = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})?$/.exec(value);
  if (parts === null) return null;
  const [, day, time, fraction = "", zone = "Z"] = parts;
  const ms = Date.parse(`${day}T${time}.${fraction.padEnd(3, "0").slice(0, 3)}${zone}`);
  return Number.isNaN(ms) ? null : ms;
}

function readTenant(entry: unknown, discovery: ListedTenants): Tenant | null {
  if (typeof entry !== "object" || entry === null) return null;
  const members = entry as Readonly<Record<string, unknown>>;
  const id = readText(members[discovery.idMember]);
  const connectionId = readText(members[discovery.connectionIdMember]);
  if (id === null || connectionId === null) return null;
  return {
    id,
    // A name is for people; an organisation without one is still an organisation.
    name: readText(members[discovery.nameMember]) ?? id,
    connectionId,
    consentEventId: readText(members[discovery.consentMember]),
    updatedAtMs: readInstantMs(members[discovery.updatedMember]),
  };
}

function readText(value: unknown): string | null {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && text !== "" && text.length <= 512 ? text : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
