import { EvergrantError, isPathPattern, type Narrowing } from "@evergrant/core";
import type { Permission } from "../ports/caller-store.ts";
import type { PermissionName } from "./access.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";

/**
 * Permissions as they are kept, by the ids of their connections. What a bearer token cannot enforce is not promised: it reaches every
 * organisation that the person ever connected to the app, so only a `gateway` permission can be narrowed, and only for a caller that
 * never holds the token itself.
 * @throws connection_unknown · permission_not_narrowable · narrowing_invalid
 */
export function permissionsOf(
  connections: Pick<ConnectionDirectory, "idOf">,
  names: readonly PermissionName[],
): readonly Permission[] {
  return names.map(({ connection, right, only }) => {
    const id = connections.idOf(connection);
    if (id === undefined) throw new EvergrantError("connection_unknown", { detail: connection });
    if (only === undefined) return { connection: id, right };
    if (right !== "gateway")
      throw new EvergrantError("permission_not_narrowable", { detail: `${right}:${connection}` });
    const bearing = names.find((other) => other.connection === connection && isBearing(other));
    if (bearing !== undefined)
      throw new EvergrantError("permission_not_narrowable", {
        detail: `this caller also holds ${bearing.right}:${connection}, which gives it the token`,
      });
    return { connection: id, right, only: checkedNarrowing(only) };
  });
}

/** One permission in one word, for the audit. */
export function permissionWords({ connection, right, only }: PermissionName): string {
  if (only === undefined) return `${right}:${connection}`;
  const respects = Object.entries(only).flatMap(([respect, values]) =>
    values === null ? [] : [`${respect}=${(values as readonly string[]).join(",")}`],
  );
  return `${right}:${connection}[${respects.join(";")}]`;
}

const isBearing = ({ right }: PermissionName): boolean => right === "token" || right === "forward";

const METHOD = /^[A-Z]{1,20}$/;
const TENANT = /^[\x21-\x7e]{1,200}$/;

function checkedNarrowing(only: Narrowing): Narrowing {
  const { tenants, methods, paths } = only;
  const wrong = [
    ...(tenants ?? []).filter((tenant) => !TENANT.test(tenant)),
    ...(methods ?? []).filter((method) => !METHOD.test(method)),
    ...(paths ?? []).filter((path) => !isPathPattern(path)),
  ];
  if (wrong[0] !== undefined) throw new EvergrantError("narrowing_invalid", { detail: wrong[0].slice(0, 100) });
  if ([tenants, methods, paths].every((respect) => respect === null))
    throw new EvergrantError("narrowing_invalid", { detail: "it narrows nothing; leave it out for every call" });
  return { tenants, methods, paths };
}
