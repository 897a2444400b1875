import { EvergrantError, type OperatorId, type OperatorRole, Secret } from "@evergrant/core";
import type {
  AddedOperator,
  NewOperator,
  NewOperatorKey,
  OperatorIdentity,
  OperatorPrincipal,
  OperatorRequest,
  OperatorSessions,
  Operators,
  OperatorView,
  Page,
  PageAsk,
  SignedInPerson,
} from "@evergrant/keeper";
import { fakePage } from "./fake-pages.ts";

interface Known {
  readonly view: OperatorView;
  /** By key id. */
  readonly keys: ReadonlyMap<string, string>;
}

/** Operators in memory; keys are `key-of-NAME-N`. */
export class FakeOperators implements Operators {
  /** What was written into the audit. */
  readonly requests: (OperatorRequest & { readonly by: string })[] = [];
  readonly #byName = new Map<string, Known>();
  #keys = 0;

  constructor(firstKey: string) {
    this.#put({ ...view("operator", "admin"), id: "op_first" as OperatorId }, new Map([["ok_first", firstKey]]));
  }

  async byKey(key: Secret): Promise<OperatorPrincipal | null> {
    for (const { view: found, keys } of this.#byName.values())
      for (const [id, text] of keys) if (text === key.reveal()) return this.again({ id: found.id, credential: id });
    return null;
  }

  async byIdentity(person: SignedInPerson): Promise<OperatorPrincipal | null> {
    const found = (await this.list()).find(
      ({ identity }) =>
        identity?.issuer === person.issuer &&
        (identity.kind === "subject" ? identity.subject === person.subject : identity.email === person.verifiedEmail),
    );
    return found === undefined ? null : this.again({ id: found.id, credential: "identity" });
  }

  async again({ id, credential }: { id: OperatorId; credential: string }): Promise<OperatorPrincipal | null> {
    const known = [...this.#byName.values()].find(({ view: each }) => each.id === id);
    if (known === undefined || known.view.disabledAtMs !== null) return null;
    if (credential !== "identity" && !known.keys.has(credential)) return null;
    return { id, name: known.view.name, role: known.view.role, credential };
  }

  async noteRequest({ name }: OperatorPrincipal, request: OperatorRequest): Promise<void> {
    this.requests.push({ ...request, by: name });
  }

  async list(): Promise<readonly OperatorView[]> {
    return [...this.#byName.values()].map((known) => known.view);
  }

  async page(from: PageAsk): Promise<Page<OperatorView>> {
    return fakePage(await this.list(), from);
  }

  async add({ name, role, key, identity }: NewOperator): Promise<AddedOperator> {
    if (this.#byName.has(name)) throw new EvergrantError("name_taken");
    this.#put({ ...view(name, role), identity }, new Map());
    const operatorKey = key === null ? null : (await this.addKey(name, { ...key, by: "" })).operatorKey;
    return { operator: this.#named(name).view, operatorKey };
  }

  async setRole(name: string, role: OperatorRole): Promise<OperatorView> {
    return this.#change(name, { role });
  }

  async setIdentity(name: string, identity: OperatorIdentity | null): Promise<OperatorView> {
    return this.#change(name, { identity });
  }

  async addKey(name: string, _key: NewOperatorKey & { by: string }): Promise<{ operatorKey: Secret }> {
    const { view: found, keys } = this.#named(name);
    this.#keys += 1;
    const text = `key-of-${name}-${this.#keys}`;
    this.#put(found, new Map([...keys, [`ok_${this.#keys}`, text]]));
    return { operatorKey: new Secret(text) };
  }

  async removeKey(name: string, key: string): Promise<OperatorView> {
    const { view: found, keys } = this.#named(name);
    if (!keys.has(key)) throw new EvergrantError("operator_key_unknown");
    return this.#put(found, new Map([...keys].filter(([id]) => id !== key)));
  }

  async setDisabled(name: string, disabled: boolean): Promise<OperatorView> {
    if (name === "operator") throw new EvergrantError("operator_last_admin");
    return this.#change(name, { disabledAtMs: disabled ? 1 : null });
  }

  #change(name: string, change: Partial<OperatorView>): OperatorView {
    const { view: found, keys } = this.#named(name);
    return this.#put({ ...found, ...change }, keys);
  }

  #named(name: string): Known {
    const known = this.#byName.get(name);
    if (known === undefined) throw new EvergrantError("operator_unknown");
    return known;
  }

  #put(found: OperatorView, keys: ReadonlyMap<string, string>): OperatorView {
    const times = { createdAtMs: 0, expiresAtMs: null, lastUsedAtMs: null };
    const after = { ...found, keys: [...keys.keys()].map((id) => ({ id, ...times })) };
    this.#byName.set(found.name, { view: after, keys });
    return after;
  }
}

/** Sessions that last until they are ended. */
export class FakeSessions implements OperatorSessions {
  readonly #operators: FakeOperators;
  readonly #begun = new Map<string, OperatorPrincipal>();
  #count = 0;

  constructor(operators: FakeOperators) {
    this.#operators = operators;
  }

  async begin(operator: OperatorPrincipal): Promise<Secret> {
    this.#count += 1;
    const text = Buffer.alloc(32, this.#count).toString("base64url");
    this.#begun.set(text, operator);
    return new Secret(text);
  }

  async find(session: Secret): Promise<OperatorPrincipal | null> {
    const begun = this.#begun.get(session.reveal());
    return begun === undefined ? null : this.#operators.again(begun);
  }

  async end(session: Secret): Promise<void> {
    this.#begun.delete(session.reveal());
  }
}

function view(name: string, role: OperatorRole): OperatorView {
  const never = { identity: null, identityLastUsedAtMs: null, disabledAtMs: null };
  return { id: `op_${name}` as OperatorId, name, role, keys: [], ...never, createdAtMs: 0 };
}
