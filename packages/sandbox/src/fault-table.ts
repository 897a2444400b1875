/** When a fault strikes. */
export const FAULT_POINTS = {
  "before-commit": "nothing has happened yet",
  "after-commit-before-headers": "the ledger has changed, no byte of the answer has left; what goes out has arrived",
  "mid-body": "status, headers and the first half of the body have left",
  "after-response": "the whole answer has left",
} as const;

/** Who starts an exchange decides which faults it can have: a client asks and we answer, or we send something out. */
export type FaultSide = "answer" | "webhook" | "mail";

/** Where a fault can be placed: each endpoint, and what the sandbox itself sends. */
export const FAULT_ENDPOINTS = {
  token: { side: "answer", is: "`/connect/token`" },
  revocation: { side: "answer", is: "`/connect/revocation`" },
  userinfo: { side: "answer", is: "`/connect/userinfo`" },
  discovery: { side: "answer", is: "`/.well-known/openid-configuration`" },
  jwks: { side: "answer", is: "the signing keys" },
  authorize: { side: "answer", is: "the authorize endpoint with its login and consent forms" },
  "connected-apps": { side: "answer", is: "a person's list of connected apps" },
  "custom-consent": { side: "answer", is: "the consent pages of Custom Connections" },
  connections: { side: "answer", is: "`/connections`" },
  api: { side: "answer", is: "the accounting API" },
  webhook: { side: "webhook", is: "posts to an app's webhook" },
  mail: { side: "mail", is: "mails to a mail server" },
} as const satisfies Readonly<Record<string, { readonly side: FaultSide; readonly is: string }>>;

export const FAULT_METHODS = ["GET", "POST", "PUT", "DELETE"] as const;

export type FaultMethod = (typeof FAULT_METHODS)[number];
export type FaultPoint = keyof typeof FAULT_POINTS;
export type FaultEndpoint = keyof typeof FAULT_ENDPOINTS;

export type FaultAction =
  | { readonly kind: "drop" }
  | { readonly kind: "reset" }
  | { readonly kind: "stall"; readonly ms: number }
  | { readonly kind: "drip"; readonly chunkBytes: number; readonly everyMs: number }
  | { readonly kind: "status"; readonly status: number; readonly retryAfterSeconds?: number | undefined }
  | { readonly kind: "html"; readonly status: number }
  | { readonly kind: "answer"; readonly status: number; readonly contentType: string; readonly body: string }
  | { readonly kind: "content-type"; readonly contentType: string }
  | { readonly kind: "malformed-json" }
  | { readonly kind: "duplicate" };

export type FaultActionKind = FaultAction["kind"];

interface FaultActionFacts {
  readonly does: string;
  /** At which points, by side. */
  readonly at: Readonly<Partial<Record<FaultSide, readonly FaultPoint[]>>>;
}

const whole = ["before-commit", "after-commit-before-headers"] as const;
const everywhere = [...whole, "mid-body", "after-response"] as const;

/** What a fault can do, and where. */
export const FAULT_ACTIONS: { readonly [K in FaultActionKind]: FaultActionFacts } = {
  drop: {
    does: "closes the connection; a post or its answer is lost, a mail told as sent never arrives",
    at: { answer: everywhere, webhook: whole, mail: ["before-commit"] },
  },
  reset: { does: "closes it with a TCP reset", at: { answer: everywhere } },
  stall: {
    does: "waits `ms` of real time (at most 10 minutes), then goes on",
    at: { answer: [...whole, "mid-body"], webhook: ["before-commit"], mail: ["before-commit"] },
  },
  drip: {
    does: "sends the body in pieces of `chunkBytes`, one each `everyMs` of real time",
    at: { answer: ["mid-body"] },
  },
  status: {
    does: "`status` without a body, with `Retry-After` if `retryAfterSeconds`; an app is taken to have answered so, a mail server to have refused",
    at: { answer: whole, webhook: ["after-commit-before-headers"], mail: ["before-commit"] },
  },
  html: { does: "the HTML page of a gateway, with `status`", at: { answer: whole } },
  answer: { does: "an answer of your own: `status`, `contentType`, `body`", at: { answer: whole } },
  "content-type": {
    does: "the right answer under a wrong `contentType`",
    at: { answer: ["after-commit-before-headers"] },
  },
  "malformed-json": {
    does: "half of the body, as if it were all of it",
    at: { answer: [...whole, "mid-body"], webhook: ["before-commit"] },
  },
  duplicate: {
    does: "a request is carried out twice and the second answer is given; a post or a mail goes out twice",
    at: { answer: ["before-commit"], webhook: ["before-commit"], mail: ["before-commit"] },
  },
};

/** Which exchanges a fault hits; all that are named have to fit. */
export const FAULT_MATCHERS = {
  grantType: "`grant_type` of a token request",
  clientId: "the app, in any case",
  userId: "the person whose token, code or login it is, or whom a mail is to",
  grantId: "the grant whose token or code it is",
  organisationId: "the organisation (`Xero-Tenant-Id`, or a Custom Connection's own)",
  method: "GET, POST, PUT or DELETE",
  path: "how the path begins, in any case",
  nth: "skips the matching exchanges before this one (1: none)",
  times: "how many it hits: 1 if not given, `null` until it is removed",
  probability:
    "of those, each is hit with this chance; which ones follows from the seed. Then `times` is `null` if not given",
} as const;

/** Why an action cannot be at that point of that endpoint, or null. */
export function faultProblem(plan: {
  readonly endpoint: FaultEndpoint;
  readonly point: FaultPoint;
  readonly action: Pick<FaultAction, "kind">;
}): string | null {
  const { side } = FAULT_ENDPOINTS[plan.endpoint];
  const points = FAULT_ACTIONS[plan.action.kind].at[side] ?? [];
  if (points.includes(plan.point)) return null;
  return points.length === 0
    ? `"${plan.action.kind}" is nothing that can happen to ${plan.endpoint}: use ${actionsOf(side).join(", ")}.`
    : `"${plan.action.kind}" cannot happen there to ${plan.endpoint}: its point is ${points.join(" or ")}.`;
}

const actionsOf = (side: FaultSide): readonly string[] =>
  Object.entries(FAULT_ACTIONS).flatMap(([kind, { at }]) => (at[side] === undefined ? [] : [kind]));

/** The names of a table, in order. */
export const namesIn = <K extends string>(table: Readonly<Record<K, unknown>>): [K, ...K[]] =>
  Object.keys(table) as [K, ...K[]];
