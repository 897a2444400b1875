import type { AppId, GrantId } from "@evergrant/core";
import type { AppPacer } from "./app-pacer.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import type { View } from "./grant-steps.ts";
import type { LiveTokens } from "./live-tokens.ts";
import type { ServiceContext } from "./service-context.ts";

/** How this node looks at grants: its name and clock, what its callers did, what its pacer saw of the app. */
export class GrantViews {
  readonly #context: ServiceContext;
  readonly #live: LiveTokens;
  readonly #pacer: AppPacer;
  readonly #connections: ConnectionDirectory;

  constructor(context: ServiceContext, parts: { live: LiveTokens; pacer: AppPacer; connections: ConnectionDirectory }) {
    this.#context = context;
    this.#live = parts.live;
    this.#pacer = parts.pacer;
    this.#connections = parts.connections;
  }

  of(
    grant: { readonly id: GrantId; readonly app: AppId },
    more: { waitedForMs: number | null; leaseNowMs: number },
  ): View {
    const { clock, time, node, owner } = this.#context;
    const usedAtMs = this.#live.usedAtMs(grant.id);
    const refusedAccess = this.#live.refused(grant.id);
    const accessAfterMs = clock.doubtfulUntilMs;
    const massRefusal = this.#pacer.isMassRefusal(grant.app);
    const warm = this.#connections.warmOf(grant.id);
    return { nowMs: time.wallMs(), node, owner, usedAtMs, refusedAccess, accessAfterMs, massRefusal, warm, ...more };
  }
}
