import { type ConsentId, EvergrantError, type Secret } from "@evergrant/core";
import type {
  AppView,
  ConnectionView,
  ConsentCallback,
  ConsentOffer,
  ConsentOrigin,
  ConsentResult,
  Consents,
  ConsentView,
  HeldConsent,
  NewConsentLink,
  Page,
  PageAsk,
  PastedConsent,
} from "@evergrant/keeper";
import { fakePage } from "./fake-pages.ts";

/** What consents need of the keeper around them. */
interface Surroundings {
  readonly publicUrl: string;
  readonly appsByName: ReadonlyMap<string, AppView>;
  nowMs(): number;
  nextId(prefix: string): string;
  named(connection: string): ConnectionView;
  step<T>(value?: T): T;
}

interface Run {
  readonly id: ConsentId;
  readonly connection: string;
  readonly app: string;
  readonly link: string;
  readonly browser: string;
  readonly from: ConsentOrigin | null;
  result: ConsentResult;
}

/** Consents in memory. The provider is played by the code: `good` is accepted, `held` held, `lost` lost, `overtaken` superseded, anything else refused. */
export class FakeConsents implements Consents {
  readonly links = new Map<string, NewConsentLink & { used: boolean; expired: boolean }>();
  readonly runs = new Map<string, Run>();
  readonly codesSent: string[] = [];
  readonly #keeper: Surroundings;

  constructor(keeper: Surroundings) {
    this.#keeper = keeper;
  }

  async createLink(request: NewConsentLink): Promise<{ url: string; expiresAtMs: number }> {
    this.#keeper.named(request.connection);
    const link = `link-${this.#keeper.nextId("ln")}`;
    this.links.set(link, { ...request, used: false, expired: false });
    return { url: `${this.#keeper.publicUrl}/consent/${link}`, expiresAtMs: this.#keeper.nowMs() + 1 };
  }

  async reconsentLink(connection: string): Promise<{ url: string }> {
    const { id, status } = this.#keeper.named(connection);
    if (status === "awaiting-consent") throw new EvergrantError("consent_not_needed");
    return { url: `${this.#keeper.publicUrl}/consent/${id}.0.mac` };
  }

  async revokeLinks(connection: string): Promise<void> {
    this.#keeper.named(connection);
    for (const link of this.links.values()) if (link.connection === connection) link.expired = true;
  }

  async look(link: Secret): Promise<ConsentOffer> {
    const { connection, by } = this.#open(link);
    const { app, expectedTenant } = this.#keeper.named(connection);
    const scopes = this.#keeper.appsByName.get(app)?.scopes ?? [];
    return {
      purpose: "first",
      connection,
      providerName: "Ledgerly",
      appName: app,
      scopes,
      expectedTenant,
      requestedBy: by,
    };
  }

  async begin(link: Secret, browser: Secret, from: ConsentOrigin | null = null): Promise<{ authorizeUrl: string }> {
    const { connection } = this.#open(link);
    const { authorizeUrl } = this.#run(connection, { link: link.reveal(), browser: browser.reveal(), from });
    return { authorizeUrl };
  }

  async beginPasted(connection: string, by: string): Promise<PastedConsent> {
    this.#keeper.named(connection);
    return { ...this.#run(connection, { link: "", browser: by, from: null }), expiresAtMs: this.#keeper.nowMs() + 1 };
  }

  async receivePasted(id: ConsentId, address: Secret): Promise<ConsentResult> {
    const run = this.#runOf(id);
    const code = new URL(address.reveal()).searchParams.get("code");
    if (code === null) throw new EvergrantError("consent_callback_invalid");
    run.result = resultOf(run.connection, code);
    return run.result;
  }

  async history(connection: string, ask: PageAsk): Promise<Page<ConsentView>> {
    this.#keeper.named(connection);
    const all = [...this.runs.values()].map(
      ({ id, from, result }): ConsentView => ({
        ...{ id, purpose: "first" as const, startedAtMs: this.#keeper.nowMs(), from, pastedBy: null },
        outcome: result.kind === "pending" ? "started" : result.kind,
        ...{ atMs: null, subject: null, subjectName: null, tenants: [], scope: null, decidedBy: null, because: [] },
      }),
    );
    return fakePage(all, ask);
  }

  #run(
    connection: string,
    by: { readonly link: string; readonly browser: string; readonly from: ConsentOrigin | null },
  ) {
    const app = this.#keeper.appsByName.get(this.#keeper.named(connection).app);
    const id = this.#keeper.nextId("cs") as ConsentId;
    const state = `state-${id}`;
    const run: Run = {
      id,
      connection,
      app: app?.id ?? "",
      ...by,
      result: { kind: "pending", connection },
    };
    this.runs.set(state, run);
    return { id, authorizeUrl: `${app?.origins?.login ?? "https://login.ledgerly.example"}/authorize?state=${state}` };
  }

  async receive({ app, params, browser }: ConsentCallback): Promise<ConsentId> {
    this.#keeper.step();
    const run = params.getAll("state").length === 1 ? this.runs.get(params.get("state") ?? "") : undefined;
    if (run === undefined || run.app !== app || params.getAll("code").length > 1)
      throw new EvergrantError("consent_callback_invalid");
    if (run.browser !== browser?.reveal()) throw new EvergrantError("consent_browser_mismatch");
    if (run.result.kind !== "pending") return run.id;
    const code = params.get("code");
    if (code !== null) this.codesSent.push(code);
    run.result = code === null ? { kind: "declined", connection: run.connection } : resultOf(run.connection, code);
    const link = this.links.get(run.link);
    if (link !== undefined && (run.result.kind === "accepted" || run.result.kind === "held")) link.used = true;
    return run.id;
  }

  async result(consent: ConsentId, browser: Secret | null): Promise<ConsentResult> {
    const run = this.#runOf(consent);
    if (run.browser !== browser?.reveal()) throw new EvergrantError("consent_browser_mismatch");
    return run.result;
  }

  async held(ask: PageAsk): Promise<Page<HeldConsent>> {
    const runs = this.#keeper.step([...this.runs.values()]);
    const all: readonly HeldConsent[] = runs.flatMap(({ id, connection, from, result }) =>
      result.kind === "held"
        ? [
            {
              ...{ id, connection, purpose: "first" as const, subject: null, subjectName: result.subjectName },
              ...{ tenants: result.tenants, reaches: result.tenants, missingScopes: [], sharedWith: [] },
              ...{ because: result.because, atMs: this.#keeper.nowMs(), startedAtMs: this.#keeper.nowMs() },
              ...{ from, pastedBy: null, lapsesAtMs: null },
            },
          ]
        : [],
    );
    return fakePage(all, ask);
  }

  async decide(consent: ConsentId, { accept }: { readonly accept: boolean }): Promise<ConsentResult> {
    const run = this.#runOf(consent);
    if (run.result.kind !== "held") throw new EvergrantError("consent_not_waiting");
    run.result = accept ? resultOf(run.connection, "good") : { kind: "refused", connection: run.connection };
    return run.result;
  }

  #open(link: Secret) {
    const known = this.#keeper.step(this.links.get(link.reveal()));
    if (known === undefined) throw new EvergrantError("consent_link_invalid");
    if (known.used) throw new EvergrantError("consent_link_used");
    if (known.expired) throw new EvergrantError("consent_link_expired");
    return known;
  }

  #runOf(id: ConsentId): Run {
    const run = this.#keeper.step([...this.runs.values()].find((known) => known.id === id));
    if (run === undefined) throw new EvergrantError("consent_unknown");
    return run;
  }
}

function resultOf(connection: string, code: string): ConsentResult {
  const received = { connection, tenants: ["Demo Company (NZ)"], subjectName: "jane@example.com" };
  switch (code) {
    case "good":
      return { kind: "accepted", ...received, sharedWith: [] };
    case "held":
      return { kind: "held", ...received, because: ["initiator-must-confirm", "new-tenant"] };
    case "overtaken":
      return { kind: "failed", connection, code: "consent_superseded" };
    case "lost":
      return { kind: "failed", connection, code: "consent_answer_lost" };
    default:
      return { kind: "failed", connection, code: "consent_code_refused" };
  }
}
