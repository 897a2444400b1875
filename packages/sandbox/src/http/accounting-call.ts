import { type Books, openBooks } from "../accounting/books.ts";
import type { CallResult } from "../accounting/call.ts";
import { type KeyedRequest, longestKey, type Recall, recall, remember } from "../accounting/idempotency.ts";
import { countCall, type Metered } from "../accounting/rate-limits.ts";
import { type Refusal, RefusedCall } from "../accounting/refusals.ts";
import { XeroDate } from "../accounting/values.ts";
import { type ApiAccess, apiAccess, emitEvent, type Turn } from "../engine/index.ts";
import { waitRealMs } from "../real-time.ts";
import type { World } from "../world.ts";
import { accountingAnswer, refusalAnswer } from "./accounting-answer.ts";
import { type Answer, uncached } from "./answer.ts";
import { apiRefusal } from "./api-refusal.ts";
import type { Done } from "./exchange.ts";
import { counterHeaders, limitAnswer } from "./limit-answer.ts";

/** What a route does, and what opens it. */
export interface Call {
  readonly scopes: readonly string[];
  run(books: Books): CallResult;
}

/** What a request says besides what the route reads. */
export interface Caller {
  readonly accessTokenId: string | null;
  readonly tenantId: string | null;
  /** Its place among the calls in progress to the same organisation. */
  readonly place: number;
  readonly accept: string | undefined;
  readonly idempotencyKey: string | null;
  /** Everything that makes the request this one. */
  readonly content: string;
}

/**
 * Answers one call: access, then limits, then the key of a repeat, then the call itself. Access and counting are kept whatever becomes of
 * the call; of a refused call nothing else stays.
 */
export async function answerCall(world: World, caller: Caller, call: Call): Promise<Done> {
  const instance = world.nextCorrelationId();
  const latencyMs = world.engine.switches()["api.latency_ms"];
  if (latencyMs !== null) await waitRealMs(latencyMs, world.closing);
  const admission = world.engine.run(world.clock.nowMs(), (turn) => admit(turn, caller, call));
  const common = { "xero-correlation-id": instance, ...uncached(world.clock.nowMs()) };
  const done = decide(world, { caller, call, instance, admission });
  return { ...done, answer: { ...done.answer, headers: { ...done.answer.headers, ...common } } };
}

type Granted = Extract<ApiAccess, { readonly kind: "ok" }>;

type Admission =
  | { readonly kind: "no-access"; readonly access: Exclude<ApiAccess, Granted> }
  | { readonly kind: "limited"; readonly metered: Extract<Metered, { readonly kind: "refused" }> }
  | {
      readonly kind: "admitted";
      readonly access: Granted;
      readonly counters: Readonly<Record<string, string>>;
      readonly keyed: KeyedRequest | null;
      readonly recalled: Recall;
    };

function admit(turn: Turn, caller: Caller, call: Call): Admission {
  const { accessTokenId, tenantId, idempotencyKey, content } = caller;
  const access = apiAccess(turn, { accessTokenId, tenantId, scopes: call.scopes });
  if (access.kind !== "ok") return { kind: "no-access", access };
  const { clientId } = access.access;
  const metered = countCall(turn, { clientId, organisationId: access.organisation.id }, caller.place);
  if (metered.kind === "refused") return { kind: "limited", metered };
  const keyed =
    idempotencyKey === null || content.startsWith("GET") || content.startsWith("DELETE")
      ? null
      : { clientId, key: idempotencyKey, content };
  const recalled: Recall = keyed === null || keyed.key.length > longestKey ? { kind: "new" } : recall(turn, keyed);
  return { kind: "admitted", access, counters: counterHeaders(metered.remaining), keyed, recalled };
}

interface Deciding {
  readonly caller: Caller;
  readonly call: Call;
  readonly instance: string;
  readonly admission: Admission;
}

function decide(world: World, deciding: Deciding): Done {
  const { admission, instance } = deciding;
  const switches = world.engine.switches();
  switch (admission.kind) {
    case "no-access":
      return refusedDone(apiRefusal(admission.access, switches, instance), admission.access.kind);
    case "limited":
      return refusedDone(limitAnswer(admission.metered, switches), `limit-${admission.metered.problem}`);
    case "admitted": {
      const done = repeated(deciding, admission) ?? execute(world, deciding, admission);
      return { ...done, answer: { ...done.answer, headers: { ...done.answer.headers, ...admission.counters } } };
    }
  }
}

const refusedDone = (answer: Answer, outcome: string): Done => ({ answer, outcome, committed: false });

type Admitted = Extract<Admission, { readonly kind: "admitted" }>;

/** The answer to a request whose key decides it; null: the request is new. */
function repeated({ caller }: Deciding, { keyed, recalled }: Admitted): Done | null {
  if (keyed !== null && keyed.key.length > longestKey)
    return refusedDone(keyRefusal(caller, `Idempotency-Key may be at most ${longestKey} characters.`), "key-too-long");
  switch (recalled.kind) {
    case "new":
      return null;
    case "same":
      return { answer: recalled.answer, outcome: "repeated", committed: false };
    case "different":
      return refusedDone(
        keyRefusal(caller, `Idempotency-Key ${keyed?.key ?? ""} is used with a different request.`),
        "key-reused",
      );
  }
}

const keyRefusal = (caller: Caller, message: string): Answer =>
  accountingAnswer(caller.accept, {
    status: 400,
    root: "ApiException",
    members: { ErrorNumber: 10, Type: "ValidationException", Message: message, Elements: [] },
  });

function execute(world: World, deciding: Deciding, { access, keyed }: Admitted): Done {
  const { caller, call, instance } = deciding;
  const writes = !caller.content.startsWith("GET");
  const answered = (turn: Turn, answer: Answer) => {
    if (keyed !== null) remember(turn, keyed, answer);
    return answer;
  };
  try {
    const { result, answer } = world.engine.run(world.clock.nowMs(), (turn) => {
      const books = openBooks(turn, access.organisation, access.access.clientId);
      const result = call.run(books);
      for (const change of books.changes()) emitEvent(turn, change);
      return { result, answer: answered(turn, answerOf(turn, { result, access, caller, instance })) };
    });
    return {
      answer,
      outcome: result.kind === "members" ? "ok" : result.refusal.kind,
      committed: writes && result.kind === "members",
    };
  } catch (error) {
    if (!(error instanceof RefusedCall)) throw error;
    return refusedAnyway(world, { caller, refusal: error.refusal, keyed });
  }
}

function refusedAnyway(
  world: World,
  refused: { readonly caller: Caller; readonly refusal: Refusal; readonly keyed: KeyedRequest | null },
): Done {
  const answer = refusalAnswer(refused.caller.accept, refused.refusal);
  const { keyed } = refused;
  if (keyed !== null) world.engine.run(world.clock.nowMs(), (turn) => remember(turn, keyed, answer));
  return refusedDone(answer, refused.refusal.kind);
}

function answerOf(
  turn: Turn,
  made: { readonly result: CallResult; readonly access: Granted; readonly caller: Caller; readonly instance: string },
): Answer {
  const { result, access, caller, instance } = made;
  if (result.kind === "refused") return refusalAnswer(caller.accept, result.refusal);
  const members = {
    Id: instance,
    Status: "OK",
    ProviderName: turn.draft.get("apps", access.access.clientId)?.name ?? "",
    DateTimeUTC: new XeroDate(turn.nowMs, false),
    ...result.members,
  };
  return accountingAnswer(caller.accept, { status: 200, root: "Response", members });
}
