import { EvergrantError } from "@evergrant/core";
import type { AppOrigins, Keeper, Provider } from "@evergrant/keeper";
import { isLoopbackUrl } from "./loopback.ts";

// The discard port (RFC 863): nobody listens there, so nothing is ever sent.
const NOWHERE = "http://127.0.0.1:9";

/** The same providers without a way out of this machine: what a node is given whose clock is not the world's. */
export function loopbackProviders(providers: ReadonlyMap<string, Provider>): ReadonlyMap<string, Provider> {
  return new Map([...providers].map(([id, provider]) => [id, withoutWayOut(provider)]));
}

/** The same keeper, which refuses to add an app that would take a moved clock to a real provider. */
export function loopbackKeeper(keeper: Keeper): Keeper {
  const { apps } = keeper;
  return {
    ...keeper,
    apps: {
      add: async (app) => {
        if (!isLoopbackApp(app)) throw realProvider(app.name);
        return await apps.add(app);
      },
      list: () => apps.list(),
      addSecret: (name, secret, by) => apps.addSecret(name, secret, by),
      page: (from) => apps.page(from),
      setScopes: (name, scopes, by) => apps.setScopes(name, scopes, by),
      providers: () => apps.providers(),
    },
  };
}

/** @throws follow_clock_refused where an app speaks to a provider off this machine */
export async function refuseRealProviders(keeper: Keeper): Promise<void> {
  const real = (await keeper.apps.list()).find((app) => !isLoopbackApp(app));
  if (real !== undefined) throw realProvider(real.name);
}

function isLoopbackApp({ origins }: { readonly origins: AppOrigins | null }): boolean {
  return origins !== null && [origins.identity, origins.login, origins.api].every(isLoopbackUrl);
}

function realProvider(app: string): EvergrantError {
  return new EvergrantError("follow_clock_refused", { detail: `the app ${app} speaks to a real provider` });
}

function withoutWayOut(provider: Provider): Provider {
  const { endpoints } = provider;
  const apiOrigins = provider.apiOrigins.map(nowhere);
  if (endpoints.kind === "discovered") return { ...provider, apiOrigins };
  return {
    ...provider,
    apiOrigins,
    endpoints: {
      ...endpoints,
      issuer: nowhere(endpoints.issuer),
      authorization: nowhere(endpoints.authorization),
      token: nowhere(endpoints.token),
      revocation: endpoints.revocation === null ? null : nowhere(endpoints.revocation),
    },
  };
}

// Only the origin: where an operator replaces it, the path is still the provider's.
function nowhere(url: string): string {
  if (isLoopbackUrl(url)) return url;
  const { pathname, search } = new URL(url);
  return pathname === "/" && search === "" ? NOWHERE : `${NOWHERE}${pathname}${search}`;
}
