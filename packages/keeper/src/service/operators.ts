import { EvergrantError, hasLastingAdmin, type OperatorId, type OperatorRole, Secret } from "@evergrant/core";
import type { ListPlace } from "../ports/list-place.ts";
import type { OperatorIdentity, OperatorKey, StoredOperator } from "../ports/operator-store.ts";
import type { Records } from "../ports/records.ts";
import { digest, sameDigest } from "./digest.ts";
import { newId, newSecretText } from "./new-id.ts";
import type {
  AddedOperator,
  NewOperator,
  NewOperatorKey,
  OperatorPrincipal,
  OperatorRequest,
  Operators,
  OperatorView,
  SignedInPerson,
} from "./operating.ts";
import type { OperatorDirectory } from "./operator-directory.ts";
import { OperatorUses } from "./operator-uses.ts";
import { type Page, type PageAsk, pageOf, placeByAge, rowsAfter } from "./pages.ts";
import type { ServiceContext } from "./service-context.ts";

const KEYS_AT_MOST = 2;
const BY_IDENTITY = "identity";
/** Whoever acts without being an operator is called so in the audit: nobody may take such a name. */
const NOT_FOR_PEOPLE: ReadonlySet<string> = new Set(["keeper", "rule", "person"]);

/** The people who run Evergrant, and the gate through which they come. */
export class OperatorDesk implements Operators {
  readonly #context: ServiceContext;
  readonly #directory: OperatorDirectory;
  readonly #uses: OperatorUses;

  constructor(context: ServiceContext, directory: OperatorDirectory) {
    this.#context = context;
    this.#directory = directory;
    this.#uses = new OperatorUses(context);
  }

  async byKey(key: Secret): Promise<OperatorPrincipal | null> {
    const shown = digest(key);
    let found: OperatorPrincipal | null = null;
    // All of them, so that the time tells nothing.
    for (const operator of await this.#directory.all())
      for (const { id, sha256 } of this.#liveKeys(operator))
        if (sameDigest(shown, sha256)) found = principalOf(operator, id);
    return this.#comesIn(found);
  }

  async byIdentity(person: SignedInPerson): Promise<OperatorPrincipal | null> {
    const known = (await this.#directory.all()).filter(({ identity, disabledAtMs }) => {
      return disabledAtMs === null && identity !== null && isSame(identity, person);
    });
    // Two who are known by the same are nobody.
    const [operator] = known;
    return this.#comesIn(operator === undefined || known.length > 1 ? null : principalOf(operator, BY_IDENTITY));
  }

  async again({ id, credential }: Pick<OperatorPrincipal, "id" | "credential">): Promise<OperatorPrincipal | null> {
    const operator = (await this.#directory.all()).find((each) => each.id === id);
    if (operator === undefined || operator.disabledAtMs !== null) return null;
    const stands =
      credential === BY_IDENTITY
        ? operator.identity !== null
        : this.#liveKeys(operator).some((key) => key.id === credential);
    return this.#comesIn(stands ? principalOf(operator, credential) : null);
  }

  noteRequest(operator: OperatorPrincipal, request: OperatorRequest): Promise<void> {
    return this.#uses.noteRequest(operator, request);
  }

  async list(): Promise<readonly OperatorView[]> {
    const lastUsedAtMs = await this.#uses.lastUsed();
    return (await this.#directory.all()).map((operator) => viewOf(operator, lastUsedAtMs));
  }

  async page(from: PageAsk): Promise<Page<OperatorView>> {
    const lastUsedAtMs = await this.#uses.lastUsed();
    const all = await this.#directory.all();
    const rows = async (after: ListPlace | null, limit: number) => rowsAfter(all, after, limit);
    const { items, next } = await pageOf<StoredOperator>({ name: "operators", rows, placeOf: placeByAge }, from);
    return { items: items.map((operator) => viewOf(operator, lastUsedAtMs)), next };
  }

  async add({ name, role, key, identity, by }: NewOperator): Promise<AddedOperator> {
    const { chance, store, time } = this.#context;
    const made = key === null ? null : this.#newKey(key);
    await this.#directory.keepFirst();
    await this.#requireFree(identity, null);
    if (NOT_FOR_PEOPLE.has(name)) throw new EvergrantError("name_taken", { detail: `${name} acts by itself here` });
    const operator: StoredOperator = {
      ...{ id: newId<OperatorId>("op", chance), name, role, identity },
      ...{ keys: made === null ? [] : [made.kept], disabledAtMs: null, createdAtMs: time.wallMs() },
    };
    const facts = { name, role, keys: operator.keys.length, identity: identityWords(identity) };
    const records = this.#records({ id: operator.id, event: "operator-added", by, facts });
    if ((await store.operators.create(operator, records)) === "taken") throw new EvergrantError("name_taken");
    return { operator: viewOf(operator, () => null), operatorKey: made === null ? null : made.shown };
  }

  setRole(name: string, role: OperatorRole, by: string): Promise<OperatorView> {
    return this.#change({ name, by, event: "operator-role-set", facts: { role } }, (operator) => ({
      ...operator,
      role,
    }));
  }

  async setIdentity(name: string, identity: OperatorIdentity | null, by: string): Promise<OperatorView> {
    await this.#requireFree(identity, name);
    const facts = { identity: identityWords(identity) };
    return await this.#change({ name, by, event: "operator-identity-set", facts }, (operator) => ({
      ...operator,
      identity,
    }));
  }

  async addKey(name: string, { expiresAtMs, by }: NewOperatorKey & { readonly by: string }) {
    const { kept, shown } = this.#newKey({ expiresAtMs });
    const facts = { key: kept.id, expiresAtMs };
    await this.#change({ name, by, event: "operator-key-added", facts }, (operator) => ({
      ...operator,
      keys: [kept, ...this.#unexpired(operator)].slice(0, KEYS_AT_MOST),
    }));
    return { operatorKey: shown };
  }

  async removeKey(name: string, key: string, by: string): Promise<OperatorView> {
    return await this.#change({ name, by, event: "operator-key-removed", facts: { key } }, (operator) => {
      const keys = operator.keys.filter(({ id }) => id !== key);
      if (keys.length === operator.keys.length) throw new EvergrantError("operator_key_unknown");
      return { ...operator, keys };
    });
  }

  setDisabled(name: string, disabled: boolean, by: string): Promise<OperatorView> {
    const disabledAtMs = disabled ? this.#context.time.wallMs() : null;
    const event = disabled ? "operator-disabled" : "operator-enabled";
    return this.#change({ name, by, event, facts: {} }, (operator) => ({ ...operator, disabledAtMs }));
  }

  async #change(what: NamedEvent, change: (operator: StoredOperator) => StoredOperator): Promise<OperatorView> {
    const { store } = this.#context;
    await this.#directory.keepFirst();
    const id = (await this.#directory.all()).find(({ name }) => name === what.name)?.id;
    if (id === undefined) throw new EvergrantError("operator_unknown");
    await store.operators.change(id, (operator, others) => {
      const changed = change(operator);
      if (hasLastingAdmin([operator, ...others]) && !hasLastingAdmin([changed, ...others]))
        throw new EvergrantError("operator_last_admin");
      return { operator: changed, records: this.#records({ ...what, id }) };
    });
    const view = (await this.list()).find((each) => each.id === id);
    if (view === undefined) throw new EvergrantError("operator_unknown");
    return view;
  }

  // Best effort: should two admins give the same at the same moment, nobody comes in by it.
  async #requireFree(identity: OperatorIdentity | null, name: string | null): Promise<void> {
    if (identity === null) return;
    const wanted = identityWords(identity);
    const taken = (await this.#directory.all()).find((each) => identityWords(each.identity) === wanted);
    if (taken !== undefined && taken.name !== name) throw new EvergrantError("operator_identity_taken");
  }

  #comesIn(operator: OperatorPrincipal | null): OperatorPrincipal | null {
    if (operator !== null) this.#uses.note(operator.id, operator.credential);
    return operator;
  }

  #liveKeys(operator: StoredOperator): readonly OperatorKey[] {
    return operator.disabledAtMs === null ? this.#unexpired(operator) : [];
  }

  #unexpired({ keys }: StoredOperator): readonly OperatorKey[] {
    const nowMs = this.#context.time.wallMs();
    return keys.filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs);
  }

  #newKey({ expiresAtMs }: NewOperatorKey): { readonly kept: OperatorKey; readonly shown: Secret } {
    const { chance, time } = this.#context;
    const createdAtMs = time.wallMs();
    if (expiresAtMs !== null && expiresAtMs <= createdAtMs)
      throw new EvergrantError("input_invalid", { detail: "the key would have expired already" });
    const shown = new Secret(`evk_${newSecretText(chance)}`);
    return { kept: { id: newId<string>("ok", chance), sha256: digest(shown), createdAtMs, expiresAtMs }, shown };
  }

  #records({ id, event, by, facts }: OperatorEvent): Records {
    const atMs = this.#context.time.wallMs();
    return { audit: [{ event, subject: { kind: "operator", id }, atMs, by, facts }], notices: [] };
  }
}

interface OperatorEvent {
  readonly id: OperatorId;
  readonly event: string;
  readonly by: string;
  readonly facts: Readonly<Record<string, string | number | null>>;
}

type NamedEvent = Omit<OperatorEvent, "id"> & { readonly name: string };

const principalOf = ({ id, name, role }: StoredOperator, credential: string): OperatorPrincipal => ({
  ...{ id, name, role, credential },
});

function viewOf(
  { id, name, role, keys, identity, disabledAtMs, createdAtMs }: StoredOperator,
  lastUsedAtMs: (operator: OperatorId, credential: string) => number | null,
): OperatorView {
  return {
    ...{ id, name, role, identity, disabledAtMs, createdAtMs },
    keys: keys.map((key) => ({
      ...{ id: key.id, createdAtMs: key.createdAtMs, expiresAtMs: key.expiresAtMs },
      lastUsedAtMs: lastUsedAtMs(id, key.id),
    })),
    identityLastUsedAtMs: lastUsedAtMs(id, BY_IDENTITY),
  };
}

function isSame(identity: OperatorIdentity, person: SignedInPerson): boolean {
  if (identity.issuer !== person.issuer) return false;
  switch (identity.kind) {
    case "subject":
      return identity.subject === person.subject;
    case "email":
      return identity.email === person.verifiedEmail;
  }
}

function identityWords(identity: OperatorIdentity | null): string | null {
  if (identity === null) return null;
  const who = identity.kind === "subject" ? identity.subject : identity.email;
  return `${identity.kind} ${who} at ${identity.issuer}`;
}
