import { type ConsentId, EvergrantError, Secret } from "@evergrant/core";
import type { StoredConsent } from "../ports/consent-store.ts";
import type { AppDirectory } from "./app-directory.ts";
import type { Connections } from "./connecting.ts";
import { consentRecords } from "./consent-records.ts";
import { resultOf } from "./consent-views.ts";
import { digest } from "./digest.ts";
import { checkImports } from "./import-checks.ts";
import { attemptOfImport, grantOfImport } from "./import-names.ts";
import type { ImportVerification } from "./import-verification.ts";
import type { Imports, ImportView, NewImport } from "./importing.ts";
import { newId, newSecretText } from "./new-id.ts";
import type { ServiceContext } from "./service-context.ts";
import { fingerprint } from "./token-versions.ts";
import { within } from "./waiting.ts";

const AT_ONCE = 8;

/** Takes over refresh tokens that live elsewhere. Each is kept as a consent, and verified as a grant of its own until its person is known. */
export class ImportDesk implements Imports {
  readonly #context: ServiceContext;
  readonly #apps: AppDirectory;
  readonly #connections: Connections;
  readonly #verification: ImportVerification;

  constructor(
    context: ServiceContext,
    parts: { apps: AppDirectory; connections: Connections; verification: ImportVerification },
  ) {
    this.#context = context;
    this.#apps = parts.apps;
    this.#connections = parts.connections;
    this.#verification = parts.verification;
  }

  async check(tokens: readonly NewImport[]): Promise<void> {
    await checkImports(this.#context, this.#apps, tokens);
  }

  async begin(tokens: readonly NewImport[], by: string): Promise<readonly ImportView[]> {
    const { gate, activity, limits, report } = this.#context;
    gate.requireOpen();
    await this.check(tokens);
    const begun: ConsentId[] = [];
    for (const token of tokens) begun.push(await this.#keep(token, by));
    const queue = [...begun];
    const worker = async () => {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
        const subject = id;
        await this.#verification.advance(id).catch((error: unknown) => report({ what: "import", subject, error }));
      }
    };
    const all = activity.during(() => Promise.all(Array.from({ length: Math.min(AT_ONCE, begun.length) }, worker)));
    await within(this.#context, limits.callerWaitMs, all);
    return await Promise.all(begun.map((id) => this.#view(id)));
  }

  async read(id: ConsentId): Promise<ImportView> {
    const consent = await this.#known(id);
    // Whoever asks also takes up what another node left; the schedule keeps the spending itself alive.
    if (consent.progress.kind === "claimed" && this.#context.gate.hold === null) await this.#verification.settle(id);
    return await this.#view(id);
  }

  /** Kept durably, with its fingerprint, before anything is sent; of two who bring the same token at once, one keeps it. */
  async #keep(token: NewImport, by: string): Promise<ConsentId> {
    const consent = await this.#newConsent(token, by);
    await this.#verification.keep(consent, token.refreshToken);
    return consent.id;
  }

  async #newConsent(token: NewImport, by: string): Promise<StoredConsent> {
    const { store, sealer, chance, time } = this.#context;
    const connection = await this.#connection(token, by);
    const id = newId<ConsentId>("cs", chance);
    const dataKey = sealer.newDataKey(id);
    const atMs = time.wallMs();
    const nobody = () => digest(new Secret(newSecretText(chance)));
    const consent: StoredConsent = {
      ...{ id, connection: connection.id, app: connection.app, linkHash: null, linkEpoch: null, pastedBy: null },
      ...{ startedFrom: null, purpose: "import", nonce: "", redirectUri: "", dataKey },
      // No browser is sent anywhere: nobody knows a state or a cookie that would fit.
      ...{ stateHash: nobody(), browserHash: nobody() },
      codeVerifier: sealer.seal(dataKey, { owner: id, chain: "", kind: "code-verifier", version: "" }, new Secret("")),
      ...{ startedAtMs: atMs, expiresAtMs: atMs },
      progress: {
        ...{ kind: "claimed", atMs, attempt: attemptOfImport(id) },
        imported: {
          grant: grantOfImport(fingerprint(sealer, token.refreshToken)),
          expectedSubject: token.expectedSubject,
        },
      },
    };
    await store.consents.create(consent, consentRecords(consent, atMs, { event: "import-begun", by, facts: {} }));
    return consent;
  }

  async #connection(token: NewImport, by: string) {
    const { store } = this.#context;
    const { connection: name, expectedTenant } = token;
    const known = await store.connections.findByName(name);
    if (known !== undefined) return known;
    await this.#connections.create({ name, app: token.app ?? "", expectedTenant, by });
    const made = await store.connections.findByName(name);
    if (made === undefined) throw new EvergrantError("connection_unknown");
    return made;
  }

  async #view(id: ConsentId): Promise<ImportView> {
    const consent = await this.#known(id);
    return {
      id,
      result: await resultOf(this.#context, consent),
      trouble: await this.#verification.troubleOf(consent),
    };
  }

  async #known(id: ConsentId): Promise<StoredConsent> {
    const consent = await this.#context.store.consents.find(id);
    if (consent === undefined || consent.purpose !== "import") throw new EvergrantError("consent_unknown");
    return consent;
  }
}
