import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type ConsentRefusal, consent, consentChoices, type Turn } from "../engine/index.ts";
import type { World } from "../world.ts";
import { type Answer, redirectAnswer } from "./answer.ts";
import { type AuthorizeRequest, type Callback, readAuthorize } from "./authorize-request.ts";
import { browserOf, isOwnForm, logIn, loginOf, logOut } from "./browser-session.ts";
import { carryOut, type Done } from "./exchange.ts";
import { type FormBody, queryOf, readForm } from "./form-body.ts";
import type { Names } from "./names.ts";
import { consentPage, errorPage, loginPage, staleFormPage } from "./pages.ts";
import { whoseLogin } from "./whose.ts";

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
    return carryOut(world, visit, { ...exchangeOf(visit), work });
  });
  for (const [path, step] of Object.entries(forms)) {
    server.post(path, { config }, async (request, reply) => {
      const form = await readForm(request.body, request.headers["content-type"], { multipart: false });
      const query = form.kind === "form" ? (form.get("request") ?? "") : "";
      const visit = { request, reply, names: namesOf(request), query };
      const work = () => world.engine.run(world.clock.nowMs(), (turn) => takeForm(turn, visit, { form, step }));
      return carryOut(world, visit, { ...exchangeOf(visit), work });
    });
  }
}

function exchangeOf({ request, query }: Visit) {
  const clientId = new URLSearchParams(query).get("client_id");
  const whose = (turn: Turn) => whoseLogin(turn, request, clientId);
  return { endpoint: "authorize", grantType: null, clientId, whose };
}

const forms: Readonly<Record<string, Step>> = {
  "/identity/user/login": takeLogin,
  "/identity/user/switch": takeSwitch,
  "/identity/connect/consent": takeConsent,
};

const shown = (answer: Answer, outcome: string): Done => ({ answer, outcome, committed: false });

function withRequest(turn: Turn, visit: Visit, go: (authorize: AuthorizeRequest) => Done): Done {
  const read = readAuthorize(turn, new URLSearchParams(visit.query));
  if (read.kind === "ok") return go(read.request);
  const { error, description, callback } = read;
  if (callback === null) return shown(errorPage(error, description), error);
  return shown(callbackAnswer(turn, visit, { callback, params: { error, error_description: description } }), error);
}

function takeForm(turn: Turn, visit: Visit, sent: { readonly form: FormBody; readonly step: Step }): Done {
  const { form, step } = sent;
  if (form.kind !== "form" || !isOwnForm(turn, visit.request, form.get("csrf")))
    return shown(staleFormPage(), "foreign-form");
  return withRequest(turn, visit, (authorize) => step(turn, visit, { authorize, field: form.get }));
}

function show(turn: Turn, visit: Visit, authorize: AuthorizeRequest): Done {
  const session = authorize.prompt === "login" ? null : loginOf(turn, visit.request);
  if (authorize.prompt === "none") {
    // OpenID Connect Core §3.1.2.6: a person has to be asked, and may not be.
    const error = session === null ? "login_required" : "consent_required";
    return shown(callbackAnswer(turn, visit, { callback: authorize, params: { error } }), error);
  }
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
  const { app, scopes, preselect, bulk } = authorize;
  return shown(
    consentPage({ app, user: session.user, request: visit.query, csrf, scopes, choices, preselect, bulk, problem }),
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
      const organisationIds = decision === "allow" ? chosenIds(turn, { authorize, session, field }) : null;
      const { app, redirectUri, scopes, challenge, nonce } = authorize;
      const outcome = consent(turn, {
        app,
        login: session.login,
        redirectUri,
        scopes,
        challenge,
        nonce,
        organisationIds,
      });
      if (outcome.kind === "refused")
        return showConsent(turn, visit, { authorize, session, problem: problems[outcome.reason] });
      return allowed(turn, visit, { authorize, session, code: outcome.code });
    }
    default:
      return showConsent(turn, visit, { authorize, session, problem: "Choose Allow access or Cancel." });
  }
}

function chosenIds(
  turn: Turn,
  { authorize, session, field }: Parameters<Step>[2] & { readonly session: Session },
): readonly string[] {
  if (!authorize.bulk) return [field("organisation") ?? ""];
  return consentChoices(turn, authorize.app, session.user.id)
    .map((choice) => choice.organisation.id)
    .filter((id) => field(`organisation.${id}`) !== null);
}

const problems: { readonly [R in ConsentRefusal]: string } = {
  "not-a-member": "Select an organisation.",
  "role-may-not-connect": "Your role in that organisation may not connect apps.",
  "nothing-connected": "No organisation is connected yet. Select one.",
  "connection-limit":
    "This app has as many organisations connected as its tier allows. Its developer can disconnect some, or change the tier.",
  "third-uncertified-app":
    "Two uncertified apps are connected to that organisation already. Disconnect one of them first.",
};

function declined(turn: Turn, visit: Visit, authorize: AuthorizeRequest): Done {
  const described = turn.switches["error_description.access_denied"]
    ? { error_description: "The user declined access" }
    : {};
  const params = { error: "access_denied", ...described };
  const answer = callbackAnswer(turn, visit, { callback: authorize, params });
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
  const params = { code, ...echoed, session_state: sessionState };
  const answer = callbackAnswer(turn, visit, { callback: authorize, params });
  return { answer, outcome: "code-issued", committed: true };
}

function callbackAnswer(
  turn: Turn,
  visit: Visit,
  facts: { readonly callback: Callback; readonly params: Readonly<Record<string, string>> },
): Answer {
  const { callback, params } = facts;
  const target = new URL(callback.redirectUri);
  for (const [name, value] of Object.entries(params)) target.searchParams.set(name, value);
  if (callback.state !== null) target.searchParams.set("state", callback.state);
  if (turn.switches["callback.iss"]) target.searchParams.set("iss", visit.names.issuer);
  return redirectAnswer(target.href);
}
