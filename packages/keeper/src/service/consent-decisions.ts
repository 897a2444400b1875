import { chainOf, EvergrantError, type GrantId, mayRevokeRefused } from "@evergrant/core";
import type { ConsentProgress, ReceivedConsent, StoredConsent } from "../ports/consent-store.ts";
import type { StoredGrant } from "../ports/grant-store.ts";
import type { ConsentAcceptance } from "./consent-acceptance.ts";
import { consentRecords } from "./consent-records.ts";
import type { GrantEnding } from "./grant-ending.ts";
import type { ServiceContext } from "./service-context.ts";

type Held = Extract<ConsentProgress, { kind: "held" }>;

const WAITING_AT_MOST = 1_000;

/** An operator's yes or no to a consent that waits. Of two who decide at the same moment, one does. */
export class ConsentDecisions {
  readonly #context: ServiceContext;
  readonly #acceptance: ConsentAcceptance;
  readonly #ending: GrantEnding;

  constructor(context: ServiceContext, parts: { acceptance: ConsentAcceptance; ending: GrantEnding }) {
    this.#context = context;
    this.#acceptance = parts.acceptance;
    this.#ending = parts.ending;
  }

  /** @throws consent_not_waiting · consent_superseded · connection_unknown · provider_unreachable */
  async accept(consent: StoredConsent, by: string): Promise<void> {
    const { store } = this.#context;
    const held = heldOf(consent);
    if ((await store.connections.find(consent.connection)) === undefined)
      throw new EvergrantError("connection_unknown");
    if (held.acceptedBy === undefined && (await this.#isSuperseded(held)))
      throw new EvergrantError("consent_superseded");
    if (held.because.includes("tenants-unread")) {
      const { received, because } = await this.#acceptance.reread(consent, held);
      await this.#acceptance.hold(consent, received, because);
      // What nobody had seen is shown before anybody says yes to it.
      if (because.length > 0) return;
    }
    const { because: _because, acceptedBy = by, ...received } = await this.#claim(consent, by);
    await this.#acceptance.accept(consent, received, acceptedBy);
  }

  /** @throws consent_not_waiting */
  async refuse(consent: StoredConsent, by: string): Promise<void> {
    const { store, time } = this.#context;
    const { because: _because, acceptedBy: _acceptedBy, ...received } = heldOf(consent);
    const atMs = time.wallMs();
    const line = { event: "consent-refused", by, facts: { subject: received.subject } };
    let isOurs = false;
    await store.consents.change(consent.id, ({ progress }) => {
      isOurs = progress.kind === "held" && progress.acceptedBy === undefined;
      if (!isOurs) return null;
      return { progress: { ...received, kind: "refused", atMs, by }, records: consentRecords(consent, atMs, line) };
    });
    if (!isOurs) throw new EvergrantError("consent_not_waiting");
    await this.#giveBack(received);
  }

  // The yes is written before it is carried out: a crash in between leaves a consent that the same yes goes on with.
  async #claim(consent: StoredConsent, by: string): Promise<Held> {
    const { store, time } = this.#context;
    const line = { event: "consent-decided", by, facts: {} };
    const after = await store.consents.change(consent.id, (current) =>
      current.progress.kind === "held" && current.progress.acceptedBy === undefined
        ? {
            progress: { ...current.progress, acceptedBy: by },
            records: consentRecords(consent, time.wallMs(), line),
          }
        : null,
    );
    if (after?.progress.kind !== "held") throw new EvergrantError("consent_not_waiting");
    return after.progress;
  }

  // I16 no cross-chain revival: what a newer consent has sealed is not put to use by a late yes.
  async #isSuperseded(held: Held): Promise<boolean> {
    const { grants } = this.#context.store;
    const grant = await grants.load(held.grant);
    const chain = grant === undefined ? null : chainOf(grant.state);
    if (chain === null || chain.id === held.chain) return false;
    const [began] = await grants.tokensOfChain(held.grant, chain.id);
    const waiting = await grants.token(held.version);
    return began !== undefined && waiting !== undefined && began.receivedAtMs > waiting.receivedAtMs;
  }

  async #giveBack(received: ReceivedConsent): Promise<void> {
    const grant = await this.#context.store.grants.load(received.grant);
    if (grant === undefined) return;
    const about = { standsAlone: await this.#standsAlone(grant), othersWait: await this.#othersWait(grant.id) };
    if (mayRevokeRefused(grant.state, about)) await this.#ending.revokeUnused(grant.id, received);
  }

  async #standsAlone(grant: StoredGrant): Promise<boolean> {
    if (grant.subject !== null) return true;
    const connections = await this.#context.store.connections.list();
    return !connections.some((other) => other.app === grant.app && other.grant !== null && other.grant !== grant.id);
  }

  async #othersWait(id: GrantId): Promise<boolean> {
    const waiting = await this.#context.store.consents.held(WAITING_AT_MOST);
    return waiting.some(({ progress }) => progress.kind === "held" && progress.grant === id);
  }
}

function heldOf({ progress }: StoredConsent): Held {
  if (progress.kind !== "held") throw new EvergrantError("consent_not_waiting");
  return progress;
}
