import { EvergrantError, type Limits, timing } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import { PROVIDERS } from "./catalogue.ts";
import { type OwnProvider, ownProviderSchema } from "./own-provider-schema.ts";
import { isSafeAddress } from "./safe-address.ts";
import { standardApi } from "./standard-api.ts";

/** A file that describes a provider, as text; `name` stands before everything that is wrong with it. */
export interface ProviderFile {
  readonly name: string;
  readonly text: string;
}

const LONGEST_FILE = 256 * 1024;
const PROBLEMS_AT_MOST = 8;
// What the protocols say themselves is not a provider's to change (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1).
const OURS = [
  ...["response_type", "client_id", "redirect_uri", "scope", "state"],
  ...["code_challenge", "code_challenge_method", "nonce"],
];

/**
 * The catalogue with providers of one's own. All files are read before anything is said, and one that is wrong leaves nothing behind.
 * @throws provider_file_invalid with the file, the path of each field, and what it must be
 */
export function withOwnProviders(files: readonly ProviderFile[], limits: Limits): ReadonlyMap<string, Provider> {
  const providers = new Map(PROVIDERS);
  const problems = files.flatMap((file) => {
    const read = readProvider(file, limits);
    const clash = read.kind === "read" && providers.has(read.provider.id);
    if (read.kind === "read" && !clash) providers.set(read.provider.id, read.provider);
    const found = clash ? ["id: another provider has this name already; choose one of your own"] : read.problems;
    return found.map((problem) => `${file.name}: ${problem}`);
  });
  if (problems.length === 0) return providers;
  const more = problems.length - PROBLEMS_AT_MOST;
  const told = [...problems.slice(0, PROBLEMS_AT_MOST), ...(more > 0 ? [`and ${more} more`] : [])];
  throw new EvergrantError("provider_file_invalid", { detail: told.join("; ") });
}

type Read =
  | { readonly kind: "read"; readonly provider: Provider; readonly problems: readonly string[] }
  | { readonly kind: "wrong"; readonly problems: readonly string[] };

function readProvider({ text }: ProviderFile, limits: Limits): Read {
  if (text.length > LONGEST_FILE) return { kind: "wrong", problems: [`longer than ${LONGEST_FILE} characters`] };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { kind: "wrong", problems: [`is no JSON (${error instanceof Error ? error.message : "unreadable"})`] };
  }
  const parsed = ownProviderSchema.safeParse(value);
  if (!parsed.success)
    return {
      kind: "wrong",
      problems: parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the whole"}: ${message}`),
    };
  const problems = contradictionsOf(parsed.data, limits);
  if (problems.length > 0) return { kind: "wrong", problems };
  return { kind: "read", provider: asProvider(parsed.data), problems };
}

function asProvider(own: OwnProvider): Provider {
  const { refusals = standardApi.refusals } = own.api;
  return { ...own, api: { ...own.api, refusals } };
}

/** What each field may be for itself, but not all together. */
function contradictionsOf(own: OwnProvider, limits: Limits): readonly string[] {
  const problems: string[] = [];
  const require = (holds: boolean, problem: string) => holds || problems.push(problem);
  const { endpoints, homes, tenants, tenantLocator, offline, policy } = own;
  const isMoving = homes.api !== null || homes.tokenEndpoint !== null;
  require(endpoints.kind === "discovered" ||
    own.apiOrigins.length > 0 ||
    homes.api !== null, "apiOrigins: name where its API is, or homes.api for how that is learnt");
  require(homes.tokenEndpoint === null ||
    homes.tokenEndpoint.from ===
      "callback", "homes.tokenEndpoint.from: must be callback, since the code is sent there");
  require(!isMoving || tenants.kind !== "none", "tenants: a home is kept with its organisation; say how that is found");
  for (const [name, rule] of Object.entries(homes))
    require(rule === null ||
      isSafeAddress(rule.origin.replace("{}", "x")) ||
      rule.origin === "{}", `homes.${name}.origin: must be {} or an https origin with {} in its host`);
  require(tenantLocator.kind === "none" ||
    tenants.kind !== "none", "tenants: say how an organisation is found, if calls name one");
  require(tenantLocator.kind !== "host" ||
    homes.api !== null, "homes.api: the host names the organisation; say how it is learnt");
  require(offline.kind !== "scope" ||
    own.defaultScopes.includes(offline.scope), "defaultScopes: must hold the scope of offline");
  require(offline.kind !== "parameter" ||
    own.authorizeParameters[offline.name] === offline.value, "authorizeParameters: must hold the parameter of offline");
  for (const name of Object.keys(own.authorizeParameters))
    require(!OURS.includes(name), `authorizeParameters.${name}: is set by the protocol; leave it out`);
  require(own.kind === "authorization_code" ||
    policy.rotation.kind === "none", "policy.rotation: must be none, since client credentials have no refresh token");
  const verdict = timing(policy, limits);
  if (verdict.kind === "impossible") problems.push(...verdict.reasons.map((reason) => `policy: ${reason}`));
  return problems;
}
