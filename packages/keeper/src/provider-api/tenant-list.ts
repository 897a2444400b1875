import type { TenantList } from "../ports/provider.ts";
import type { Tenant } from "../ports/provider-api.ts";
import { memberAt, parseJson, textAt } from "./json-members.ts";

/**
 * The tenants of a provider's list, or null when it is not one that we understand whole: to pass over one entry would make
 * its organisation look disconnected.
 */
export function readTenantList(text: string, discovery: TenantList): readonly Tenant[] | null {
  const answer = parseJson(text);
  const found = discovery.items === null ? [answer] : memberAt(answer, discovery.items);
  // Some write a list of one as that one.
  const list = discovery.items !== "" && typeof found === "object" && !Array.isArray(found) ? [found] : found;
  if (!Array.isArray(list)) return null;
  // An id that is said to be none names nothing that could be called for.
  const named = list.filter((entry: unknown) => memberAt(entry, discovery.idMember) !== null);
  const tenants = named.map((entry: unknown) => readTenant(entry, discovery));
  if (tenants.includes(null)) return null;
  return [...new Map(tenants.filter((tenant) => tenant !== null).map((tenant) => [tenant.id, tenant])).values()];
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

function readTenant(entry: unknown, discovery: TenantList): Tenant | null {
  const { idMember, nameMember, connectionIdMember, consent } = discovery;
  const id = textAt(entry, idMember);
  const connectionId = connectionIdMember === null ? id : textAt(entry, connectionIdMember);
  if (id === null || connectionId === null) return null;
  return {
    id,
    // A name is for people; an organisation without one is still an organisation.
    name: textAt(entry, nameMember) ?? id,
    connectionId,
    consentEventId: consent === null ? null : textAt(entry, consent.member),
    updatedAtMs: consent === null ? null : readInstantMs(memberAt(entry, consent.updatedMember)),
  };
}
