import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type ConsentOutcome, consent, consentChoices, type Turn } from "../engine/index.ts";
import type { World } from "../world.ts";
import { type Answer, redirectAnswer } from "./answer.ts";
import { type AuthorizeRequest, readAuthorize } from "./authorize-request.ts";
import { browserOf, isOwnForm, logIn, loginOf, logOut } from "./browser-session.ts";
import { carryOut, type Done } from "./exchange.ts";
import { type FormBody, queryOf, readForm } from "./form-body.ts";
import type { Names } from "./names.ts";
import { consentPage, errorPage, loginPage, staleFormPage } from "./pages.ts";

const authorizePath = "/identity/connect/authorize";

interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly names: Names;
  /** The authorize request as a query string: forms carry it, and it is read afresh each time. */
  readonly query: string;
}

type Fields = (name: string) => string | null;
type Step = (turn: Turn, visit: Visit, asked: { readonly authorize: AuthorizeRequest; readonly field: Fields }) => Done;

/** The authorize endpoint and the forms of its pages: log in, choose an organisation, allow or cancel. */
export function addAuthorizeEndpoint(
  server: FastifyInstance,
  world: World,
  namesOf: (request: FastifyRequest) => Names,
): void {
  const config = { xeroHost: "login" };
  server.get(authorizePath, { config }, (request, reply) => {
    const params = queryOf(request.url);
    const visit = { request, reply, names: namesOf(request), query: params.toString() };
    const work = () =>
      world.engine.run(world.clock.nowMs(), (turn) =>
        withRequest(turn, visit, (authorize) => show(turn, visit, authorize)),
      );
    return carryOut(world, visit, { endpoint: "authorize", grantType: null, clientId: params.get("client_id"), work });
  });
  for (const [path, step] of Object.entries(forms)) {
    server.post(path, { config }, async (request, reply) => {
      const form = await readForm(request.body, request.headers["content-type"], { multipart: false });
      const query = form.kind === "form" ? (form.get("request") ?? "") : "";
      const visit = { request, reply, names: namesOf(request), query };
      const work = () => world.engine.run(world.clock.nowMs(), (turn) => takeForm(turn, visit, { form, step }));
      return carryOut(world, visit, {
        endpoint: "authorize",
        grantType: null,
        clientId: new URLSearchParams(query).get("client_id"),
        work,
      });
    });
  }
}

const forms: Readonly<Record<string, Step>> = {
  "/identity/user/login": takeLogin,
  "/identity/user/switch": takeSwitch,
  "/identity/connect/consent": takeConsent,
};

const shown = (answer: Answer, outcome: string): Done => ({ answer, outcome, committed: false });

function withRequest(turn: Turn, visit: Visit, go: (authorize: AuthorizeRequest) => Done): Done {
  const read = readAuthorize(turn.draft, turn.switches, new URLSearchParams(visit.query));
  return read.kind === "ok" ? go(read.request) : shown(errorPage(read.error, read.description), read.error);
}

function takeForm(turn: Turn, visit: Visit, sent: { readonly form: FormBody; readonly step: Step }): Done {
  const { form, step } = sent;
  if (form.kind !== "form" || !isOwnForm(turn, visit.request, form.get("csrf")))
    return shown(staleFormPage(), "foreign-form");
  return withRequest(turn, visit, (authorize) => step(turn, visit, { authorize, field: form.get }));
}

function show(turn: Turn, visit: Visit, authorize: AuthorizeRequest): Done {
  const session = authorize.freshLogin ? null : loginOf(turn, visit.request);
  return session === null
    ? showLogin(turn, visit, { authorize, email: "", failed: false })
    : showConsent(turn, visit, { authorize, session, problem: null });
}

function showLogin(
  turn: Turn,
  visit: Visit,
  facts: { readonly authorize: AuthorizeRequest; readonly email: string; readonly failed: boolean },
): Done {
  const { csrf } = browserOf(turn, visit);
  const users = [...turn.draft.all("users")];
  const page = loginPage({
    app: facts.authorize.app,
    request: visit.query,
    csrf,
    users,
    email: facts.email,
    failed: facts.failed,
  });
  return shown(page, facts.failed ? "login-failed" : "login-page");
}

type Session = NonNullable<ReturnType<typeof loginOf>>;

function showConsent(
  turn: Turn,
  visit: Visit,
  facts: { readonly authorize: AuthorizeRequest; readonly session: Session; readonly problem: string | null },
): Done {
  const { authorize, session, problem } = facts;
  const { csrf } = browserOf(turn, visit);
  const choices = consentChoices(turn, authorize.app, session.user.id);
  const { app, scopes, preselect } = authorize;
  return shown(
    consentPage({ app, user: session.user, request: visit.query, csrf, scopes, choices, preselect, problem }),
    problem === null ? "consent-page" : "consent-refused",
  );
}

function takeLogin(turn: Turn, visit: Visit, { authorize, field }: Parameters<Step>[2]): Done {
  const email = (field("email") ?? "").slice(0, 200);
  if (!logIn(turn, visit, { email, password: field("password") ?? "" }))
    return showLogin(turn, visit, { authorize, email, failed: true });
  return { ...backToAuthorize(visit), outcome: "logged-in" };
}

function takeSwitch(turn: Turn, visit: Visit): Done {
  logOut(turn, visit);
  return { ...backToAuthorize(visit), outcome: "logged-out" };
}

function backToAuthorize(visit: Visit): Done {
  const params = new URLSearchParams(visit.query);
  // The person has just logged in; asking again would never end.
  params.delete("prompt");
  return shown(redirectAnswer(`${authorizePath}?${params}`), "redirected");
}

function takeConsent(turn: Turn, visit: Visit, { authorize, field }: Parameters<Step>[2]): Done {
  const session = loginOf(turn, visit.request);
  if (session === null) return showLogin(turn, visit, { authorize, email: "", failed: false });
  const decision = field("decision");
  switch (decision) {
    case "cancel":
      return declined(turn, visit, authorize);
    case "allow":
    case "continue": {
      const organisationId = decision === "allow" ? (field("organisation") ?? "") : null;
      const { app, redirectUri, scopes, challenge, nonce } = authorize;
      const outcome = consent(turn, {
        app,
        login: session.login,
        redirectUri,
        scopes,
        challenge,
        nonce,
        organisationId,
      });
      if (outcome.kind === "refused")
        return showConsent(turn, visit, { authorize, session, problem: problems[outcome.reason] });
      return allowed(turn, visit, { authorize, session, code: outcome.code });
    }
    default:
      return showConsent(turn, visit, { authorize, session, problem: "Choose Allow access or Cancel." });
  }
}

type Refusal = Extract<ConsentOutcome, { readonly kind: "refused" }>["reason"];

const problems: { readonly [R in Refusal]: string } = {
  "not-a-member": "Select an organisation.",
  "role-may-not-connect": "Your role in that organisation may not connect apps.",
  "nothing-connected": "No organisation is connected yet. Select one.",
};

function declined(turn: Turn, visit: Visit, authorize: AuthorizeRequest): Done {
  const described = turn.switches["error_description.access_denied"]
    ? { error_description: "The user declined access" }
    : {};
  const answer = callback(turn, visit, { authorize, params: { error: "access_denied", ...described } });
  return { answer, outcome: "access-denied", committed: false };
}

function allowed(
  turn: Turn,
  visit: Visit,
  facts: { readonly authorize: AuthorizeRequest; readonly session: Session; readonly code: string },
): Done {
  const { authorize, session, code } = facts;
  const echoed = turn.switches["callback.scope_echo"] ? { scope: authorize.scopes.join(" ") } : {};
  const sessionState = `${turn.mint.secret(`session-state:${session.login.sessionId}:${authorize.app.clientId}`)}.${turn.mint.hex32(turn.label("session-state"))}`;
  const answer = callback(turn, visit, { authorize, params: { code, ...echoed, session_state: sessionState } });
  return { answer, outcome: "code-issued", committed: true };
}

function callback(
  turn: Turn,
  visit: Visit,
  facts: { readonly authorize: AuthorizeRequest; readonly params: Readonly<Record<string, string>> },
): Answer {
  const { authorize, params } = facts;
  const target = new URL(authorize.redirectUri);
  for (const [name, value] of Object.entries(params)) target.searchParams.set(name, value);
  if (authorize.state !== null) target.searchParams.set("state", authorize.state);
  if (turn.switches["callback.iss"]) target.searchParams.set("iss", visit.names.issuer);
  return redirectAnswer(target.href);
}
