import { Secret } from "@evergrant/core";
import { digest } from "./digest.ts";
import { newSecretText } from "./new-id.ts";
import type { OperatorPrincipal, OperatorSessions, Operators } from "./operating.ts";
import type { ServiceContext } from "./service-context.ts";

/** Written down so much less often than the idle limit that the limit means what it says. */
const SEEN_SHARE = 20;

/** Who signed in at a browser: each request looks into the store, so that an end counts at every node at once. */
export class SessionDesk implements OperatorSessions {
  readonly #context: ServiceContext;
  readonly #operators: Operators;

  constructor(context: ServiceContext, operators: Operators) {
    this.#context = context;
    this.#operators = operators;
  }

  async begin(operator: OperatorPrincipal): Promise<Secret> {
    const { chance, limits, store, time } = this.#context;
    const nowMs = time.wallMs();
    await store.sessions.forget({
      startedMs: nowMs - limits.operatorSessionLifeMs,
      seenMs: nowMs - limits.operatorIdleMs,
    });
    const session = new Secret(newSecretText(chance));
    const { id, credential } = operator;
    const times = { startedAtMs: nowMs, seenAtMs: nowMs };
    await store.sessions.create({ sha256: digest(session), operator: id, credential, ...times });
    await this.#tell(operator, "operator-signed-in");
    return session;
  }

  async find(session: Secret): Promise<OperatorPrincipal | null> {
    const { limits, store, time } = this.#context;
    const sha256 = digest(session);
    const known = await store.sessions.find(sha256);
    if (known === undefined) return null;
    const nowMs = time.wallMs();
    const isOver =
      nowMs - known.startedAtMs >= limits.operatorSessionLifeMs || nowMs - known.seenAtMs >= limits.operatorIdleMs;
    const operator = isOver ? null : await this.#operators.again({ id: known.operator, credential: known.credential });
    if (operator === null) await store.sessions.remove(sha256);
    else if (nowMs - known.seenAtMs >= limits.operatorIdleMs / SEEN_SHARE) await store.sessions.see(sha256, nowMs);
    return operator;
  }

  async end(session: Secret): Promise<void> {
    const { store } = this.#context;
    const operator = await this.find(session);
    await store.sessions.remove(digest(session));
    if (operator !== null) await this.#tell(operator, "operator-signed-out");
  }

  async #tell({ id, name, credential }: OperatorPrincipal, event: string): Promise<void> {
    const { store, time } = this.#context;
    const subject = { kind: "operator", id } as const;
    const record = { event, subject, atMs: time.wallMs(), by: name, facts: { with: credential } };
    await store.audit.write({ audit: [record], notices: [] });
  }
}
