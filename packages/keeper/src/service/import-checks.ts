import { type ErrorCode, EvergrantError } from "@evergrant/core";
import type { Provider } from "../ports/provider.ts";
import type { AppDirectory } from "./app-directory.ts";
import type { NewImport } from "./importing.ts";
import type { ServiceContext } from "./service-context.ts";
import { fingerprint } from "./token-versions.ts";

/**
 * Looks at a whole list before anything of it is sent: a token that was held here before would be spent a second time, which some
 * providers answer by ending the whole grant.
 * @throws the code of what is wrong, or `import_refused` where several things are; the detail names each entry, never a token
 */
export async function checkImports(
  context: ServiceContext,
  apps: AppDirectory,
  tokens: readonly NewImport[],
): Promise<void> {
  const prints = tokens.map(({ refreshToken }) => fingerprint(context.sealer, refreshToken));
  const problems: { readonly entry: string; readonly code: ErrorCode }[] = [];
  for (const [index, token] of tokens.entries()) {
    const print = prints[index] ?? "";
    const namesake = tokens.findIndex(({ connection }) => connection === token.connection);
    const isTwice = prints.indexOf(print) !== index || namesake !== index;
    const code = isTwice ? "import_token_known" : await problemOf(context, apps, { token, print });
    if (code !== null) problems.push({ entry: `${index + 1} (${token.connection})`, code });
  }
  const [first] = problems;
  if (first === undefined) return;
  const codes = new Set(problems.map(({ code }) => code));
  const detail = problems
    .slice(0, NAMED_AT_MOST)
    .map(({ entry, code }) => (codes.size === 1 ? entry : `${entry}: ${code}`));
  throw new EvergrantError(codes.size === 1 ? first.code : "import_refused", { detail: detail.join(", ") });
}

const NAMED_AT_MOST = 20;

async function problemOf(
  { store }: ServiceContext,
  apps: AppDirectory,
  { token, print }: { readonly token: NewImport; readonly print: string },
): Promise<ErrorCode | null> {
  const connection = await store.connections.findByName(token.connection);
  if (connection === undefined && token.app === null) return "connection_unknown";
  const named = token.app === null ? undefined : await store.apps.findByName(token.app);
  if (token.app !== null && named === undefined) return "app_unknown";
  // A refresh token belongs to the client that it was issued to: no other app can spend it.
  if (connection !== undefined && named !== undefined && connection.app !== named.id) return "app_unknown";
  const app = connection?.app ?? named?.id;
  if (app === undefined) return "app_unknown";
  const { provider } = await apps.get(app);
  if (provider.kind === "client_credentials") return "kind_mismatch";
  if (saysItToTheBrowser(provider)) return "import_needs_consent";
  return (await store.grants.knowsFingerprint(print)) ? "import_token_known" : null;
}

/** Whether it stands in the callback alone which organisation a grant is for, or where its tokens may go. */
function saysItToTheBrowser({ tenants, homes }: Provider): boolean {
  return tenants.kind === "callback" || [homes.tokenEndpoint, homes.api].some((home) => home?.from === "callback");
}
