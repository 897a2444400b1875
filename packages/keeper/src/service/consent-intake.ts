import type { AttemptId, ChainId, GrantId, TokenAnswer } from "@evergrant/core";
import type { StoredConsent } from "../ports/consent-store.ts";
import type { StoredGrant } from "../ports/grant-store.ts";
import type { App } from "./app-directory.ts";
import { consentRecords } from "./consent-records.ts";
import { newId } from "./new-id.ts";
import type { ServiceContext } from "./service-context.ts";
import { sealVersion } from "./token-versions.ts";
import { untilStored } from "./waiting.ts";

export interface ReceivedAnswer {
  readonly attempt: AttemptId;
  readonly answer: TokenAnswer;
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
  /** What the callback said beside code and state, as far as the provider's data ask for it. */
  readonly callback: Readonly<Record<string, string>>;
}

/** One chain per exchange of a code, named after it: taking the same answer in twice makes the same chain. */
export function chainIdOf(attempt: AttemptId): ChainId {
  return attempt.replace(/^at_/, "ch_") as ChainId;
}

/**
 * Makes a consent's tokens durable under the grant of the person who gave it, before anything is decided about them. A grant that
 * nobody accepts yet has no chain, and tokens of a chain that a grant does not stand on are never spent (I16 no cross-chain revival).
 */
export async function keepConsentTokens(
  context: ServiceContext,
  work: { consent: StoredConsent; app: App; subject: string | null; received: ReceivedAnswer },
): Promise<GrantId> {
  const { store, sealer, time } = context;
  const { consent, app, subject, received } = work;
  const id = await findOrCreateGrant(context, work);
  const lifeMs = received.answer.expiresInMs ?? app.timing.policy.accessLifeMs;
  const kept = {
    attempt: received.attempt,
    chain: chainIdOf(received.attempt),
    parent: null,
    answer: received.answer,
    receivedAtMs: received.receivedAtMs,
    accessExpiresAtMs: received.sentAtMs + lifeMs,
  };
  const records = consentRecords(consent, time.wallMs(), {
    event: "consent-received",
    by: broughtBy(consent),
    facts: { grant: id, subject },
  });
  await untilStored(context, id, () =>
    store.grants.change(id, (grant) => ({
      change: {
        state: null,
        lease: null,
        dueAtMs: grant.dueAtMs,
        tokens: [sealVersion(sealer, grant, kept)],
        records,
      },
      result: true,
    })),
  );
  return id;
}

async function findOrCreateGrant(
  context: ServiceContext,
  work: { consent: StoredConsent; subject: string | null; received: ReceivedAnswer },
): Promise<GrantId> {
  const { store, sealer, time } = context;
  const { consent, subject, received } = work;
  // Named after the attempt where the provider gives no subject, so that a replay finds the grant that it made before.
  const id =
    subject === null ? (received.attempt.replace(/^at_/, "gr_") as GrantId) : newId<GrantId>("gr", context.chance);
  const facts = { grant: id, subject };
  const records = consentRecords(consent, time.wallMs(), { event: "grant-created", by: broughtBy(consent), facts });
  for (;;) {
    const known =
      subject === null ? await store.grants.load(id) : await store.grants.findBySubject(consent.app, subject);
    if (known !== undefined) return known.id;
    const grant: StoredGrant = {
      id,
      app: consent.app,
      subject,
      state: { kind: "unconsented" },
      lease: { fence: 0, owner: null, untilMs: 0 },
      dataKey: sealer.newDataKey(id),
      dueAtMs: null,
    };
    if ((await untilStored(context, id, () => store.grants.create(grant, records))) === "created") return id;
  }
}

const broughtBy = ({ purpose }: StoredConsent): string => (purpose === "import" ? "operator" : "person");
