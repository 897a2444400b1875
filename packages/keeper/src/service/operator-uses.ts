import type { OperatorId } from "@evergrant/core";
import type { OperatorRequest } from "./operating.ts";
import type { ServiceContext } from "./service-context.ts";
import { within } from "./waiting.ts";

const MOST_REMEMBERED = 10_000;

/** What operators did: when their keys were good for something last, and what they asked for. */
export class OperatorUses {
  readonly #context: ServiceContext;
  readonly #usedAtMs = new Map<string, number>();
  readonly #lookedAtMs = new Map<string, number>();

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  /** Nobody waits for it, and the same is not written again at every request. */
  note(operator: OperatorId, credential: string): void {
    const { activity, limits, store, time } = this.#context;
    const atMs = time.wallMs();
    if (!isNews(this.#usedAtMs, { key: keyOf(operator, credential), atMs, againMs: limits.callerUseMs })) return;
    void activity.during(() => store.operators.noteUse({ operator, credential, atMs })).catch(() => undefined);
  }

  /** When a credential was used last, for each that was. */
  async lastUsed(): Promise<(operator: OperatorId, credential: string) => number | null> {
    const written = await this.#context.store.operators.uses();
    const latest = new Map(this.#usedAtMs);
    for (const { operator, credential, atMs } of written) {
      const key = keyOf(operator, credential);
      latest.set(key, Math.max(atMs, latest.get(key) ?? 0));
    }
    return (operator, credential) => latest.get(keyOf(operator, credential)) ?? null;
  }

  /** What was asked for stands there beside what was changed, whose own record is in the transaction that changed it. */
  async noteRequest(
    operator: { readonly id: OperatorId; readonly name: string },
    request: OperatorRequest,
  ): Promise<void> {
    const { limits, report, store, time } = this.#context;
    const { operation, target, kind, status, code } = request;
    const atMs = time.wallMs();
    const look = { key: JSON.stringify([operator.id, operation, target]), atMs, againMs: limits.operatorLookMs };
    if (kind === "look" && code === null && !isNews(this.#lookedAtMs, look)) return;
    const facts = { operation, target, status, code };
    const subject = { kind: "operator", id: operator.id } as const;
    const record = { event: "operator-request", subject, atMs, by: operator.name, facts };
    const failed = (error: unknown) => report({ what: "audit of a request", subject: operator.id, error });
    const written = store.audit.write({ audit: [record], notices: [] }).catch(failed);
    await within(this.#context, limits.assertionClaimMs, written);
  }
}

interface Noted {
  readonly key: string;
  readonly atMs: number;
  readonly againMs: number;
}

function isNews(noted: Map<string, number>, { key, atMs, againMs }: Noted): boolean {
  const before = noted.get(key);
  if (before !== undefined && atMs - before < againMs) return false;
  noted.delete(key);
  noted.set(key, atMs);
  const [oldest] = noted.keys();
  if (noted.size > MOST_REMEMBERED && oldest !== undefined) noted.delete(oldest);
  return true;
}

const keyOf = (operator: OperatorId, credential: string): string => `${operator} ${credential}`;
