import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Control } from "../control/control.ts";
import { refuseStrangers } from "../control/strangers.ts";
import { WEBHOOK_CATEGORIES } from "../engine/index.ts";
import { SandboxError } from "../errors.ts";
import type { Answer } from "../http/answer.ts";
import { browserOf, isOwnForm } from "../http/browser-session.ts";
import { type FormBody, readForm } from "../http/form-body.ts";
import { html } from "../http/html.ts";
import { page, staleFormPage } from "../http/pages.ts";
import type { World } from "../world.ts";
import { appPage } from "./app-page.ts";
import { chosenScopes, newConnectionPage, wishesOf } from "./connection-form.ts";
import { mailPage, outboxPage } from "./outbox-pages.ts";
import { appsPage } from "./portal-pages.ts";
import { appAddress, PORTAL_PATH, type Visit } from "./visit.ts";

export interface PortalParts {
  readonly world: World;
  readonly control: Control;
}

/**
 * The developer's side, as pages: apps, Custom Connections, webhooks and the outbox. A face over the control API, and like it for
 * this machine only.
 */
export function addPortal(server: FastifyInstance, { world, control }: PortalParts): void {
  server.addHook("onRequest", async (request) => refuseStrangers(request));
  const csrfOf = (request: FastifyRequest, reply: FastifyReply) =>
    world.engine.run(world.clock.nowMs(), (turn) => browserOf(turn, { request, reply }).csrf);
  for (const [path, show] of Object.entries(views)) {
    server.get(`${PORTAL_PATH}${path}`, (request, reply) => {
      const visit = { control, csrf: csrfOf(request, reply), id: idOf(request) };
      return send(
        reply,
        orProblem(() => show(visit, null)),
      );
    });
  }
  for (const [path, { take, view }] of Object.entries(forms)) {
    server.post(`${PORTAL_PATH}${path}`, async (request, reply) => {
      const form = await readForm(request.body, request.headers["content-type"], { multipart: false });
      const own = (csrf: string | null) =>
        world.engine.run(world.clock.nowMs(), (turn) => isOwnForm(turn, request, csrf));
      if (form.kind !== "form" || !own(form.get("csrf"))) return send(reply, staleFormPage());
      const visit = { control, csrf: csrfOf(request, reply), id: idOf(request) };
      return send(
        reply,
        orProblem(() => carryOut(visit, { form, take, view })),
      );
    });
  }
}

type Form = Extract<FormBody, { readonly kind: "form" }>;

type View = (visit: Visit, problem: string | null) => Answer;

interface FormHandler {
  /** Where to go on, or a page that is shown once. */
  take(visit: Visit, form: Form): string | Answer;
  /** The page with the form, to show what is wrong. */
  readonly view: View;
}

const views: Readonly<Record<string, View>> = {
  "": appsPage,
  "/new": newConnectionPage,
  "/apps/:id": (visit, problem) => appPage(visit, { problem, secret: null }),
  "/mails": outboxPage,
  "/mails/:id": mailPage,
};

/** A form of an app's page that does one thing and comes back to the page. */
const onApp = (act: (visit: Visit, form: Form) => unknown): FormHandler => ({
  take(visit, form) {
    act(visit, form);
    return appAddress(visit.id);
  },
  view: (visit, problem) => appPage(visit, { problem, secret: null }),
});

const forms: Readonly<Record<string, FormHandler>> = {
  "/new": {
    take({ control }, form) {
      const wishes = { ...wishesOf(form), scopes: chosenScopes(form), withSecret: false };
      return appAddress(control.createCustomConnection(wishes).clientId);
    },
    view: newConnectionPage,
  },
  "/apps/:id/save": onApp(({ control, id }, form) =>
    control.changeCustomConnection(id, { ...wishesOf(form), scopes: chosenScopes(form) }),
  ),
  "/apps/:id/organisation": onApp(({ control, id }) => control.changeCustomConnection(id, { organisationId: null })),
  "/apps/:id/mail": onApp(({ control, id }) => control.mailConsentLink(id)),
  "/apps/:id/deactivate": onApp(({ control, id }) => control.deactivateCustomConnection(id)),
  "/apps/:id/purchase": onApp(({ control, id }, form) =>
    control.buyCustomConnection(id, { organisationId: form.get("organisation") ?? "" }),
  ),
  "/apps/:id/purchase/end": onApp(({ control, id }) => control.endPurchase(id)),
  "/apps/:id/secret": {
    take(visit, form) {
      const replace = form.get("replace") !== null;
      const { clientSecret } = visit.control.addAppSecret(visit.id, { replace });
      return appPage(visit, { problem: null, secret: clientSecret });
    },
    view: (visit, problem) => appPage(visit, { problem, secret: null }),
  },
  "/apps/:id/secret/remove": onApp(({ control, id }, form) => control.removeAppSecret(id, form.get("secret") ?? "")),
  "/apps/:id/webhook": onApp(({ control, id }, form) =>
    control.setWebhook(id, {
      url: form.get("url") ?? "",
      categories: WEBHOOK_CATEGORIES.filter((category) => form.get(`category.${category}`) !== null),
    }),
  ),
  "/apps/:id/webhook/intent-to-receive": onApp(({ control, id }) => control.sendIntentToReceive(id)),
  "/apps/:id/webhook/remove": onApp(({ control, id }) => control.removeWebhook(id)),
};

function carryOut(visit: Visit, sent: { readonly form: Form } & FormHandler): Answer {
  try {
    const next = sent.take(visit, sent.form);
    // A person who reloads the page does not send the form again.
    return typeof next === "string"
      ? { status: 303, headers: { location: next, "cache-control": "no-store" }, body: "" }
      : next;
  } catch (error) {
    if (error instanceof SandboxError) return { ...sent.view(visit, error.message), status: error.status };
    throw error;
  }
}

function orProblem(work: () => Answer): Answer {
  try {
    return work();
  } catch (error) {
    if (error instanceof SandboxError) return page(error.status, "That did not work", html`<p>${error.message}</p>`);
    throw error;
  }
}

const idOf = (request: FastifyRequest): string => (request.params as { readonly id?: string }).id ?? "";

const send = (reply: FastifyReply, answer: Answer): FastifyReply =>
  reply
    .code(answer.status)
    .headers({ ...answer.headers })
    .send(answer.body);
