import type { Adapter, AdapterConstructor, AdapterPayload } from "oidc-provider";

/**
 * A store in memory for `oidc-provider` that forgets nothing: its own keeps the last 1000 entries, so that a chain which
 * rests while others are refreshed is lost.
 */
export function mapAdapters(): AdapterConstructor {
  const payloads = new Map<string, AdapterPayload>();
  const idByUid = new Map<string, string>();
  const idsOfGrant = new Map<string, Set<string>>();
  return class implements Adapter {
    readonly #kind: string;

    constructor(kind: string) {
      this.#kind = kind;
    }

    async upsert(id: string, payload: AdapterPayload): Promise<void> {
      const key = this.#key(id);
      payloads.set(key, payload);
      if (payload.uid !== undefined) idByUid.set(this.#key(payload.uid), id);
      if (payload.grantId === undefined) return;
      const ids = idsOfGrant.get(payload.grantId) ?? new Set();
      idsOfGrant.set(payload.grantId, ids.add(key));
    }

    async find(id: string): Promise<AdapterPayload | undefined> {
      return payloads.get(this.#key(id));
    }

    async findByUid(uid: string): Promise<AdapterPayload | undefined> {
      const id = idByUid.get(this.#key(uid));
      return id === undefined ? undefined : this.find(id);
    }

    // The device flow's alone, which is off.
    async findByUserCode(): Promise<undefined> {
      return undefined;
    }

    async consume(id: string): Promise<void> {
      const payload = payloads.get(this.#key(id));
      if (payload !== undefined) payload.consumed = payload.iat ?? 1;
    }

    async destroy(id: string): Promise<void> {
      payloads.delete(this.#key(id));
    }

    async revokeByGrantId(grantId: string): Promise<void> {
      for (const key of idsOfGrant.get(grantId) ?? []) payloads.delete(key);
      idsOfGrant.delete(grantId);
    }

    #key(id: string): string {
      return `${this.#kind}:${id}`;
    }
  };
}
