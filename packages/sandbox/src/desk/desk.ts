import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Control } from "../control/control.ts";
import { refuseStrangers, requireOwnPage } from "../control/strangers.ts";
import { SandboxError } from "../errors.ts";
import { type Answer, emptyAnswer } from "../http/answer.ts";
import { readForm } from "../http/form-body.ts";
import type { World } from "../world.ts";
import { DESK_FORMS, type DeskForm, type Fields } from "./desk-forms.ts";
import { deskPage } from "./desk-page.ts";
import { liveScript } from "./live-script.ts";
import { streamChanges } from "./live-stream.ts";
import { STYLE } from "./style.ts";
import { DESK_PATH, type DeskVisit } from "./visit.ts";

export interface DeskParts {
  readonly world: World;
  readonly control: Control;
}

/**
 * The sandbox's own page: token families, time, faults, requests and the invariant report, live. A face over the control API, and
 * like it for this machine only.
 */
export function addDesk(server: FastifyInstance, { world, control }: DeskParts): void {
  server.addHook("onRequest", async (request) => refuseStrangers(request));
  const visitWith = (fields: Fields): DeskVisit => ({
    control,
    nowMs: world.clock.nowMs(),
    value: (name) => fields.get(name) ?? "",
  });
  const empty = () => visitWith(new Map());
  server.get("/__sandbox", async (_request, reply) => send(reply, emptyAnswer(302, { location: DESK_PATH })));
  server.get(DESK_PATH, async (_request, reply) => send(reply, deskPage(empty(), null)));
  server.get(`${DESK_PATH}/style.css`, async (_request, reply) => send(reply, asset("text/css", STYLE)));
  server.get(`${DESK_PATH}/live.js`, async (_request, reply) => send(reply, asset("text/javascript", script)));
  server.get(`${DESK_PATH}/live`, (_request, reply) => {
    reply.hijack();
    // The browser asks again by itself.
    void streamChanges(world, reply, empty).catch(() => reply.raw.destroy());
  });
  for (const [path, form] of Object.entries(DESK_FORMS))
    server.post(`${DESK_PATH}/${path}`, async (request, reply) => {
      requireOwnPage(request);
      return send(reply, await take(control, { request, form, visitWith }));
    });
}

const script = `"use strict";(${liveScript.toString()})();`;

const asset = (type: string, body: string): Answer => ({
  status: 200,
  headers: {
    "content-type": `${type}; charset=utf-8`,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  },
  body,
});

async function take(
  control: Control,
  sent: { readonly request: FastifyRequest; readonly form: DeskForm; visitWith(fields: Fields): DeskVisit },
): Promise<Answer> {
  const fields = await filledIn(sent.request);
  try {
    await sent.form.act(control, fields);
    // A person who reloads the page does not send the form again.
    return emptyAnswer(303, { location: `${DESK_PATH}#${sent.form.section}`, "cache-control": "no-store" });
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    return deskPage(sent.visitWith(fields), { status: error.status, text: `${error.message} (${error.code})` });
  }
}

async function filledIn({ body, headers }: FastifyRequest): Promise<Fields> {
  const form = await readForm(body, headers["content-type"], { multipart: false });
  if (form.kind !== "form" || !(body instanceof URLSearchParams)) return new Map();
  return new Map([...body].map(([name, value]) => [name, value.trim()] as const).filter(([, value]) => value !== ""));
}

const send = (reply: FastifyReply, answer: Answer): FastifyReply =>
  reply
    .code(answer.status)
    .headers({ ...answer.headers })
    .send(answer.body);
