import { type Caller, NAME_PATTERN, type Narrowing, RIGHTS, type Right } from "@evergrant/contract";
import { UsageError } from "../command-failure.ts";

/** A permission as a command names it. */
export interface MayPermission {
  readonly connection: string;
  readonly right: Right;
  readonly only?: Narrowing;
}

/** `token:acme,consent:acme` as permissions. @throws UsageError */
export function parseMay(text: string): MayPermission[] {
  return text.split(",").map((part) => {
    const [right = "", connection = "", ...rest] = part.trim().split(":");
    const known = RIGHTS.find((each) => each === right);
    if (known === undefined || !NAME_PATTERN.test(connection) || rest.length > 0)
      throw new UsageError(
        `--may has the form RIGHT:CONNECTION, with a right of ${RIGHTS.join(", ")}; not "${part.trim()}".`,
      );
    return { connection, right: known };
  });
}

/** `acme GET,HEAD /api/Invoices/** tenant:ID` as a narrowed gateway permission; `acme` alone as one for every call. @throws UsageError */
export function parseNarrowed(text: string): MayPermission {
  const [connection = "", ...words] = text.trim().split(/\s+/);
  const paths = words.filter((word) => word.startsWith("/"));
  const tenants = words.filter((word) => word.startsWith(TENANT)).map((word) => word.slice(TENANT.length));
  const methods = words.filter((word) => METHODS.test(word)).flatMap((word) => word.split(","));
  const known = paths.length + tenants.length + words.filter((word) => METHODS.test(word)).length;
  if (!NAME_PATTERN.test(connection) || known < words.length || tenants.includes(""))
    throw new UsageError(
      `--gateway has the form "CONNECTION [METHOD,METHOD] [/PATH/**]... [tenant:ID]..."; not "${text}".`,
    );
  if (words.length === 0) return { connection, right: "gateway" };
  const respect = (values: readonly string[]) => (values.length === 0 ? null : values);
  return {
    connection,
    right: "gateway",
    only: { tenants: respect(tenants), methods: respect(methods), paths: respect(paths) },
  };
}

/** A permission as `--may` or `--gateway` would name it. */
export function permissionText({ right, connection, only }: Caller["permissions"][number]): string {
  if (only === undefined) return `${right}:${connection}`;
  const words = [
    ...(only.methods === null ? [] : [only.methods.join(",")]),
    ...(only.paths ?? []),
    ...(only.tenants ?? []).map((tenant) => `${TENANT}${tenant}`),
  ];
  return `${right}:${connection} (${words.join(" ")})`;
}

const TENANT = "tenant:";
const METHODS = /^[A-Z]+(,[A-Z]+)*$/;
