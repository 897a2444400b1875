import { NAME_PATTERN } from "@evergrant/contract";
import { EvergrantError } from "@evergrant/core";
import { LIMITS } from "../http/limits.ts";
import { connectionOfIssuer, type Site } from "../http/site.ts";
import { type Form, one } from "./form.ts";

/** Stands for everything that no connection can be called: it is looked up like a name, and found by nobody. */
const NOBODY = "";

const SCOPE_PREFIX = "connection:";

/**
 * The one connection that a request names: by its own address, `resource` (RFC 8707), `audience` or `scope=connection:NAME`.
 * Several names in one place, or one that cannot be a name, answer a name that nobody has, so that they end as any unknown one.
 * @throws scope_unknown · connection_not_named · connection_names_disagree
 */
export function namedConnection(site: Site, ofAddress: string | null, form: Form): string {
  const places = [
    ofAddress === null ? [] : [asName(ofAddress)],
    (form.get("resource") ?? []).map((resource) => connectionOfIssuer(site, resource) ?? NOBODY),
    (form.get("audience") ?? []).map((audience) => connectionOfIssuer(site, audience) ?? asName(audience)),
    namesInScope(one(form, "scope")),
  ];
  const named = places.filter((names) => names.length > 0).map(theOnlyOne);
  const [first] = named;
  if (first === undefined) throw new EvergrantError("connection_not_named");
  if (named.some((name) => name !== first && name !== NOBODY && first !== NOBODY))
    throw new EvergrantError("connection_names_disagree");
  return named.includes(NOBODY) ? NOBODY : first;
}

function theOnlyOne(names: readonly string[]): string {
  const distinct = new Set(names.slice(0, LIMITS.connectionNamesPerRequest));
  const [first] = distinct;
  return distinct.size === 1 && first !== undefined ? first : NOBODY;
}

function asName(text: string): string {
  return NAME_PATTERN.test(text) ? text : NOBODY;
}

function namesInScope(scope: string | null): readonly string[] {
  if (scope === null) return [];
  const tokens = scope.split(" ").filter((token) => token !== "");
  if (tokens.some((token) => !token.startsWith(SCOPE_PREFIX))) throw new EvergrantError("scope_unknown");
  return tokens.map((token) => asName(token.slice(SCOPE_PREFIX.length)));
}
