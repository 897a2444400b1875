import { performance } from "node:perf_hooks";
import { Conversation, tokensOf } from "../tests/protocol/conversation.ts";
import { startOidcProvider } from "../tests/protocol/oidc-provider-server.ts";
import { startSandboxServer } from "../tests/protocol/sandbox-server.ts";
import { mapAdapters } from "./map-adapter.ts";

/** What the load generator has to know of a server that runs in a process of its own. */
export interface ReadyServer {
  readonly kind: "ready";
  readonly tokenEndpoint: string;
  readonly client: { readonly id: string; readonly secret: string | null };
  /** One per consent: chains that can be refreshed at the same time. */
  readonly refreshTokens: readonly string[];
  /** From the first line of the start to the first tokens of a consent, in real milliseconds. */
  readonly startToFirstTokenMs: number;
}

export interface CpuReport {
  readonly kind: "cpu";
  /** User and system time of the process so far, in milliseconds. */
  readonly cpuMs: number;
}

const starters = { sandbox: startSandboxServer, "oidc-provider": startJwtProvider };

/** `oidc-provider` that signs its access tokens, as the sandbox does: two RS256 signatures for each refresh. */
function startJwtProvider(redirectUri: string) {
  return startOidcProvider(redirectUri, {
    adapter: mapAdapters(),
    features: {
      devInteractions: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => "urn:benchmark:api",
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: "",
          audience: "urn:benchmark:api",
          accessTokenTTL: 1800,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  });
}

async function main(name: keyof typeof starters, redirectUri: string, chains: number): Promise<void> {
  const beganMs = performance.now();
  const server = await starters[name](redirectUri);
  const conversation = new Conversation(server);
  const refreshTokens = [(await conversation.tokens()).refresh];
  const startToFirstTokenMs = performance.now() - beganMs;
  for (let count = 1; count < chains; count += 1)
    refreshTokens.push(tokensOf(await conversation.redeem(await conversation.code())).refresh);
  const ready: ReadyServer = {
    kind: "ready",
    tokenEndpoint: server.endpoints.token,
    client: server.clients.web,
    refreshTokens,
    startToFirstTokenMs,
  };
  process.on("message", (asked) => {
    if (asked !== "cpu") return;
    const { user, system } = process.cpuUsage();
    process.send?.({ kind: "cpu", cpuMs: (user + system) / 1000 } satisfies CpuReport);
  });
  process.on("disconnect", () => process.exit(0));
  process.send?.(ready);
}

const [, , name = "", redirectUri = "", chains = "1"] = process.argv;
if (name !== "sandbox" && name !== "oidc-provider") throw new Error(`there is no server "${name}"`);
await main(name, redirectUri, Number(chains));
