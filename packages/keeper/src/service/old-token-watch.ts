import { type AppId, type GrantId, remainingMs } from "@evergrant/core";
import type { OldAccessToken } from "../ports/app-store.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import type { RenewedGrant } from "./grant-settler.ts";
import type { LiveToken, LiveTokens } from "./live-tokens.ts";
import type { ServiceContext } from "./service-context.ts";
import type { TokenProbe } from "./token-probe.ts";

/**
 * Finds out what a refresh does to the access token before it, where the provider does not say: after a refresh the old token, still
 * unexpired, is shown to the API once. What it says is stored with the app, and from then on tokens are promised accordingly.
 */
export class OldTokenWatch {
  readonly #context: ServiceContext;
  readonly #apps: AppDirectory;
  readonly #live: LiveTokens;
  readonly #probe: TokenProbe;
  /** Until when an app is not asked about again: while it is asked about, and after an answer that said neither. */
  readonly #restsUntilMs = new Map<AppId, number>();

  constructor(context: ServiceContext, parts: { apps: AppDirectory; live: LiveTokens; probe: TokenProbe }) {
    this.#context = context;
    this.#apps = parts.apps;
    this.#live = parts.live;
    this.#probe = parts.probe;
  }

  afterRenewal({ grant, app: settled, before }: RenewedGrant): void {
    const { activity, clock, limits, report, time } = this.#context;
    const app = this.#apps.peek(settled.stored.id) ?? settled;
    const now = this.#live.get(grant);
    if (app.timing.policy.oldAccessToken !== "unknown" || before === null || now === undefined) return;
    // One that the API refused before the refresh says nothing of what a refresh does.
    const isSpent = before.facts.version === now.facts.version || before.facts.version === this.#live.refused(grant);
    const atMs = time.wallMs();
    if (isSpent || remainingMs(before.facts, clock.latestMs(), app.timing) <= limits.requestTimeoutMs) return;
    if (atMs < (this.#restsUntilMs.get(app.stored.id) ?? 0)) return;
    this.#restsUntilMs.set(app.stored.id, atMs + limits.healthIntervalMs);
    activity
      .during(() => this.#ask(app, { grant, before, now }))
      .catch((error: unknown) => report({ what: "probe", subject: grant, error }));
  }

  async #ask(app: App, tokens: { grant: GrantId; before: LiveToken; now: LiveToken }): Promise<void> {
    const seen = await this.#see(app, tokens);
    if (seen === null) return;
    const { store, time } = this.#context;
    const { id } = app.stored;
    await store.apps.learnOldAccessToken(id, seen, {
      audit: [
        {
          event: "old-access-token-seen",
          subject: { kind: "app", id },
          atMs: time.wallMs(),
          by: "keeper",
          facts: { seen },
        },
      ],
      notices: [],
    });
    await this.#apps.refresh(id);
  }

  async #see(
    app: App,
    { grant, before, now }: { grant: GrantId; before: LiveToken; now: LiveToken },
  ): Promise<OldAccessToken | null> {
    const old = await this.#probe.verdict(app, grant, before.secret);
    if (old === "accepted") return "survives";
    // An API that refuses every token, for a reason of its own, says nothing of this one.
    if (old === "not-told" || (await this.#probe.verdict(app, grant, now.secret)) !== "accepted") return null;
    return "dies";
  }
}
