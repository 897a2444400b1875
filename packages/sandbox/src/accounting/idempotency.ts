import type { RememberedAnswer, Turn } from "../engine/index.ts";

/** The longest `Idempotency-Key` (Xero's OpenAPI file). */
export const longestKey = 128;

export type Recall =
  | { readonly kind: "new" }
  | { readonly kind: "same"; readonly answer: RememberedAnswer }
  /** The key belongs to another request. */
  | { readonly kind: "different" };

export interface KeyedRequest {
  readonly clientId: string;
  readonly key: string;
  /** Everything that makes the request this one: method, address, organisation and body. */
  readonly content: string;
}

/** Looks a key up. Keys are an app's own and are forgotten after a few minutes. */
export function recall(turn: Turn, request: KeyedRequest): Recall {
  const answer = turn.draft.get("rememberedAnswers", rowKey(turn, request));
  if (answer === undefined || answer.expiresAtMs <= turn.nowMs) return { kind: "new" };
  return answer.fingerprint === turn.mint.hash(request.content) ? { kind: "same", answer } : { kind: "different" };
}

/** Remembers what was answered. */
export function remember(
  turn: Turn,
  request: KeyedRequest,
  answer: Pick<RememberedAnswer, "status" | "headers" | "body">,
): void {
  for (const old of [...turn.draft.all("rememberedAnswers")])
    if (old.expiresAtMs <= turn.nowMs) turn.draft.remove("rememberedAnswers", old.key);
  const key = rowKey(turn, request);
  turn.draft.put("rememberedAnswers", key, {
    key,
    fingerprint: turn.mint.hash(request.content),
    status: answer.status,
    headers: answer.headers,
    body: answer.body,
    expiresAtMs: turn.nowMs + turn.switches["idempotency.ttl_seconds"] * 1000,
  });
}

const rowKey = (turn: Turn, { clientId, key }: KeyedRequest): string => turn.mint.hash(`${clientId}\n${key}`);
