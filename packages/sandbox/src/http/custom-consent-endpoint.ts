import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  type AuthoriseRefusal,
  allowConsentLink,
  buyCustomConnection,
  consentChoices,
  declineConsentLink,
  isBought,
  type OpenedLink,
  openConsentLink,
  type PurchaseRefusal,
  type Turn,
} from "../engine/index.ts";
import { CONSENT_LINK_PATH } from "../mail/render-mail.ts";
import type { World } from "../world.ts";
import { type Answer, redirectAnswer } from "./answer.ts";
import { browserOf, isOwnForm, logIn, loginOf, logOut } from "./browser-session.ts";
import {
  closedLinkPage,
  connectedPage,
  customConsentPage,
  declinedPage,
  wrongUserPage,
} from "./custom-consent-pages.ts";
import { carryOut, type Done } from "./exchange.ts";
import { queryOf, readForm } from "./form-body.ts";
import { loginPage, staleFormPage } from "./pages.ts";
import { whoseLogin } from "./whose.ts";

interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** The link's secret: forms carry it, and it is looked up afresh each time. */
  readonly secret: string;
}

type Open = Extract<OpenedLink, { readonly kind: "open" }>;
type Step = (turn: Turn, visit: Visit, asked: { readonly open: Open; field(name: string): string | null }) => Done;

/** The page behind the link in a mail about a Custom Connection, and its forms. Opening it changes nothing. */
export function addCustomConsentEndpoint(server: FastifyInstance, world: World): void {
  const config = { xeroHost: "login" };
  const inTurn = <R>(work: (turn: Turn) => R): R => world.engine.run(world.clock.nowMs(), work);
  const exchange = (visit: Visit, step: (turn: Turn) => Done) => {
    const clientId = inTurn((turn) => appOfLink(turn, visit.secret));
    const whose = (turn: Turn) => whoseLogin(turn, visit.request, clientId);
    const work = () => inTurn(step);
    return carryOut(world, visit, { endpoint: "custom-consent", grantType: null, clientId, whose, work });
  };
  server.get(CONSENT_LINK_PATH, { config }, (request, reply) => {
    const visit = { request, reply, secret: queryOf(request.url).get("link") ?? "" };
    return exchange(visit, (turn) => withLink(turn, visit, (open) => show(turn, visit, open)));
  });
  for (const [path, step] of Object.entries(forms)) {
    server.post(path, { config }, async (request, reply) => {
      const form = await readForm(request.body, request.headers["content-type"], { multipart: false });
      const visit = { request, reply, secret: form.kind === "form" ? (form.get("request") ?? "") : "" };
      return exchange(visit, (turn) => {
        if (form.kind !== "form" || !isOwnForm(turn, request, form.get("csrf")))
          return shown(staleFormPage(), "foreign-form");
        return withLink(turn, visit, (open) => step(turn, visit, { open, field: form.get }));
      });
    });
  }
}

function appOfLink(turn: Turn, secret: string): string | null {
  const opened = openConsentLink(turn, secret);
  return opened.kind === "open" ? opened.app.clientId : null;
}

const loginPath = "/identity/custom-connections/login";

const forms: Readonly<Record<string, Step>> = {
  [loginPath]: takeLogin,
  "/identity/custom-connections/switch": takeSwitch,
  "/identity/custom-connections/decide": takeDecision,
};

const shown = (answer: Answer, outcome: string): Done => ({ answer, outcome, committed: false });

function withLink(turn: Turn, visit: Visit, go: (open: Open) => Done): Done {
  const opened = openConsentLink(turn, visit.secret);
  return opened.kind === "open" ? go(opened) : shown(closedLinkPage(opened.kind), `link-${opened.kind}`);
}

function show(turn: Turn, visit: Visit, open: Open): Done {
  const session = loginOf(turn, visit.request);
  if (session === null) return showLogin(turn, visit, { open, email: open.user.email, failed: false });
  const { csrf } = browserOf(turn, visit);
  if (session.user.id !== open.user.id)
    return shown(wrongUserPage({ app: open.app, user: session.user, request: visit.secret, csrf }), "wrong-user");
  return showConsent(turn, visit, { open, chosen: open.app.custom.organisationId, problem: null });
}

function showLogin(
  turn: Turn,
  visit: Visit,
  facts: { readonly open: Open; readonly email: string; readonly failed: boolean },
): Done {
  const { csrf } = browserOf(turn, visit);
  const { app } = facts.open;
  const { email, failed } = facts;
  const answer = loginPage({ app, request: visit.secret, csrf, users: [], email, failed, action: loginPath });
  return shown(answer, failed ? "login-failed" : "login-page");
}

function showConsent(
  turn: Turn,
  visit: Visit,
  facts: { readonly open: Open; readonly chosen: string | null; readonly problem: string | null },
): Done {
  const { csrf } = browserOf(turn, visit);
  const { app, user } = facts.open;
  const { chosen, problem } = facts;
  const choices = consentChoices(turn, app, user.id).map((choice) => ({
    ...choice,
    bought: isBought(turn, app.clientId, choice.organisation),
  }));
  const answer = customConsentPage({ app, user, request: visit.secret, csrf, choices, chosen, problem });
  return shown(answer, problem === null ? "consent-page" : "consent-refused");
}

function takeLogin(turn: Turn, visit: Visit, { open, field }: Parameters<Step>[2]): Done {
  const email = (field("email") ?? "").slice(0, 200);
  if (!logIn(turn, visit, { email, password: field("password") ?? "" }))
    return showLogin(turn, visit, { open, email, failed: true });
  return backToLink(visit, "logged-in");
}

function takeSwitch(turn: Turn, visit: Visit): Done {
  logOut(turn, visit);
  return backToLink(visit, "logged-out");
}

const backToLink = (visit: Visit, outcome: string): Done =>
  shown(redirectAnswer(`${CONSENT_LINK_PATH}?${new URLSearchParams({ link: visit.secret })}`), outcome);

function takeDecision(turn: Turn, visit: Visit, { open, field }: Parameters<Step>[2]): Done {
  const session = loginOf(turn, visit.request);
  if (session?.user.id !== open.user.id) return show(turn, visit, open);
  const organisationId = field("organisation") ?? "";
  const { app, user, link } = open;
  switch (field("decision")) {
    case "decline":
      declineConsentLink(turn, link);
      return { answer: declinedPage(app), outcome: "declined", committed: true };
    case "buy": {
      const refused = buyCustomConnection(turn, app, { userId: user.id, organisationId });
      const problem = refused === null ? null : problems[refused];
      return { ...showConsent(turn, visit, { open, chosen: organisationId, problem }), committed: refused === null };
    }
    case "allow": {
      const refused = allowConsentLink(turn, link, organisationId);
      if (refused !== null)
        return showConsent(turn, visit, { open, chosen: organisationId, problem: problems[refused] });
      const name = turn.draft.get("organisations", organisationId)?.name ?? "";
      return { answer: connectedPage(app, name), outcome: "allowed", committed: true };
    }
    default:
      return showConsent(turn, visit, { open, chosen: null, problem: "Choose Allow access or Decline." });
  }
}

const problems: { readonly [R in AuthoriseRefusal | PurchaseRefusal]: string } = {
  "unknown-app": "That app is gone.",
  "not-a-custom-connection": "That app is not a Custom Connection.",
  "not-a-member": "Select an organisation.",
  "role-may-not-connect": "Your role in that organisation may not connect apps.",
  region:
    "Custom Connections exist for organisations in Australia, New Zealand, the United Kingdom and the United States only.",
  "not-bought": "The subscription for that organisation has to be bought first.",
  "bought-elsewhere": "Another organisation has the subscription for this app. It has to end first.",
  "needs-none": "There is nothing to buy for that organisation.",
};
