import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { endConnections, mayConnect, membershipKey, type Turn, type User } from "../engine/index.ts";
import type { World } from "../world.ts";
import { redirectAnswer } from "./answer.ts";
import { browserOf, isOwnForm, logIn, loginOf } from "./browser-session.ts";
import { type ConnectedApp, connectedAppsPage, personLoginPage } from "./connected-apps-pages.ts";
import { carryOut, type Done } from "./exchange.ts";
import { readForm } from "./form-body.ts";
import { staleFormPage } from "./pages.ts";
import { whoseLogin } from "./whose.ts";

interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

type Fields = (name: string) => string | null;

const listPath = "/connected-apps";

/** A person's own list of connected apps, where they disconnect one: as in Xero, that ends the connection and no token. */
export function addConnectedApps(server: FastifyInstance, world: World): void {
  const config = { xeroHost: "login" };
  const answer = (visit: Visit, step: (turn: Turn) => Done) => {
    const work = () => world.engine.run(world.clock.nowMs(), step);
    const whose = (turn: Turn) => whoseLogin(turn, visit.request, null);
    return carryOut(world, visit, { endpoint: "connected-apps", grantType: null, clientId: null, whose, work });
  };
  server.get(listPath, { config }, (request, reply) => {
    const visit = { request, reply };
    return answer(visit, (turn) => showList(turn, visit));
  });
  for (const [path, step] of Object.entries(forms)) {
    server.post(path, { config }, async (request, reply) => {
      const visit = { request, reply };
      const form = await readForm(request.body, request.headers["content-type"], { multipart: false });
      return answer(visit, (turn) =>
        form.kind === "form" && isOwnForm(turn, request, form.get("csrf"))
          ? step(turn, visit, form.get)
          : shown(staleFormPage(), "foreign-form"),
      );
    });
  }
}

const forms: Readonly<Record<string, (turn: Turn, visit: Visit, field: Fields) => Done>> = {
  [`${listPath}/login`]: takeLogin,
  [`${listPath}/disconnect`]: takeDisconnect,
};

const shown = (answer: Done["answer"], outcome: string): Done => ({ answer, outcome, committed: false });

function showList(turn: Turn, visit: Visit): Done {
  const session = loginOf(turn, visit.request);
  const { csrf } = browserOf(turn, visit);
  if (session === null) return shown(personLoginPage({ csrf, failed: false }), "login-page");
  const apps = connectedTo(turn, session.user);
  return shown(connectedAppsPage({ csrf, user: session.user, apps }), "list");
}

function takeLogin(turn: Turn, visit: Visit, field: Fields): Done {
  const email = (field("email") ?? "").slice(0, 200);
  if (logIn(turn, visit, { email, password: field("password") ?? "" }))
    return shown(redirectAnswer(listPath), "logged-in");
  return shown(personLoginPage({ csrf: browserOf(turn, visit).csrf, failed: true }), "login-failed");
}

function takeDisconnect(turn: Turn, visit: Visit, field: Fields): Done {
  const session = loginOf(turn, visit.request);
  if (session === null) return showList(turn, visit);
  const theirs = connectedTo(turn, session.user).find(({ connection }) => connection.id === field("connection"));
  if (theirs === undefined) return shown(redirectAnswer(listPath), "not-theirs");
  endConnections(turn, ({ id }) => id === theirs.connection.id, "disconnected");
  return { answer: redirectAnswer(listPath), outcome: "disconnected", committed: true };
}

/** What is connected to the organisations in which this person may connect and disconnect, whoever connected it. */
function connectedTo(turn: Turn, user: User): readonly ConnectedApp[] {
  return [...turn.draft.all("connections")].flatMap((connection) => {
    const app = turn.draft.get("apps", connection.clientId);
    const by = turn.draft.get("users", connection.userId);
    const organisation = turn.draft.get("organisations", connection.tenantId);
    const role = turn.draft.get("memberships", membershipKey(user.id, connection.tenantId))?.role;
    const theirs = connection.endedAtMs === null && role !== undefined && mayConnect[role];
    if (!theirs || app === undefined || by === undefined || organisation === undefined) return [];
    return [{ connection, app, by, organisation }];
  });
}
