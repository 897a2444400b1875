import { type ApiPath, allowsPath, type PathPattern } from "./api-path.ts";

/** What a `gateway` permission is narrowed to. Null: not narrowed in this respect; an empty list allows nothing. */
export interface Narrowing {
  /** The provider's ids of organisations. */
  readonly tenants: readonly string[] | null;
  /** HTTP methods, in capitals. */
  readonly methods: readonly string[] | null;
  readonly paths: readonly PathPattern[] | null;
}

/** A call to a provider's API, as it would be sent. */
export interface ApiCall {
  readonly method: string;
  readonly path: ApiPath;
  /** The organisation it is about; null where it is about none, and so about all that the token reaches. */
  readonly tenant: string | null;
}

/** Whether a narrowed permission covers a call. Deny by default: every respect that is narrowed has to allow it. */
export function covers(narrowing: Narrowing, call: ApiCall): boolean {
  const { tenants, methods, paths } = narrowing;
  return (
    (tenants === null || (call.tenant !== null && includesTenant(tenants, call.tenant))) &&
    (methods === null || methods.includes(call.method)) &&
    (paths === null || paths.some((pattern) => allowsPath(pattern, call.path)))
  );
}

/** Providers write the ids of organisations in either case. */
export function includesTenant(tenants: readonly string[], tenant: string): boolean {
  return tenants.some((known) => sameTenant(known, tenant));
}

export function sameTenant(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
