import type { Mail, MailDelivery } from "../engine/index.ts";
import type { Fault } from "../faults.ts";
import type { Duty } from "../outbound.ts";
import { waitRealMs } from "../real-time.ts";
import type { World } from "../world.ts";
import type { Mailer } from "./mailer.ts";
import { type RenderedMail, renderMail } from "./render-mail.ts";

type Parts = Pick<World, "engine" | "clock" | "faults" | "journal" | "closing" | "ownOrigin">;

/**
 * Sends the mails that wait, each once; without a mailer they stay in the outbox. A mail cut short by the end goes out at the next start.
 * Every mail handed to a server is in the journal of requests, as endpoint `mail`.
 */
export function mailDuty(world: Parts, mailer: Mailer | null): Duty {
  const { engine, clock } = world;
  const waiting = () => [...engine.view.all("mails")].filter((mail) => mail.delivery.kind === "waiting");
  return {
    nextDueAtMs: () => waiting()[0]?.atMs ?? null,
    async carryOut() {
      for (const mail of waiting()) {
        const delivery = mailer === null ? kept : await deliver(world, mailer, mail);
        if (world.closing.aborted || delivery === null) return;
        engine.run(clock.nowMs(), ({ draft }) => {
          const row = draft.get("mails", mail.id);
          if (row !== undefined) draft.put("mails", row.id, { ...row, delivery });
        });
      }
    },
  };
}

const kept: MailDelivery = { kind: "kept" };

/** null: cut short by the end. */
async function deliver(world: Parts, by: Mailer, mail: Mail): Promise<MailDelivery | null> {
  const { engine, clock } = world;
  const rendered = engine.run(clock.nowMs(), (turn) => renderMail(turn, mail, world.ownOrigin()));
  const path = `/mails/${mail.id}`;
  const fault = world.faults.take({
    endpoint: "mail",
    grantType: null,
    clientId: mail.clientId,
    method: "SMTP",
    path,
    whose: () => ({ userId: userIdOf(world, mail), grantId: null, organisationId: null }),
  });
  const delivery = await attempt(world, rendered, { by, fault });
  if (delivery === null) return null;
  world.journal.add({
    atMs: clock.nowMs(),
    endpoint: "mail",
    method: "SMTP",
    path,
    grantType: null,
    clientId: mail.clientId,
    outcome: delivery.kind,
    status: null,
    token: null,
    committed: delivery.kind === "sent",
    fault: fault === null ? null : { id: fault.id, point: fault.point, action: fault.action.kind },
  });
  return delivery;
}

async function attempt(
  world: Parts,
  mail: RenderedMail,
  way: { readonly by: Mailer; readonly fault: Fault | null },
): Promise<MailDelivery | null> {
  const { closing, clock } = world;
  try {
    const sending = sendUnder(way.fault, () => way.by.send(mail), closing);
    const cut = await Promise.race([sending, whenAborted(closing)]);
    return cut === "cut short" ? null : { kind: "sent", atMs: clock.nowMs() };
  } catch (error) {
    return { kind: "failed", because: error instanceof Error ? error.message.slice(0, 200) : "unknown" };
  }
}

/** Sends, with the fault that hits the mail: lost on its way, late, twice, or refused by the server. */
async function sendUnder(fault: Fault | null, send: () => Promise<void>, closing: AbortSignal): Promise<void> {
  const action = fault?.action ?? null;
  switch (action?.kind) {
    case "drop":
      return;
    case "stall":
      await waitRealMs(action.ms, closing);
      if (!closing.aborted) await send();
      return;
    case "status":
      throw new Error(`${action.status} refused by the fault ${fault?.id ?? ""}`);
    case "duplicate":
      await send();
      return send();
    // The table of faults lets none of the others come near a mail.
    case "reset":
    case "html":
    case "answer":
    case "content-type":
    case "drip":
    case "malformed-json":
    case undefined:
      return send();
  }
}

const userIdOf = ({ engine }: Parts, mail: Mail): string | null =>
  [...engine.view.all("users")].find((user) => user.email === mail.to)?.id ?? null;

const whenAborted = (signal: AbortSignal): Promise<"cut short"> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve("cut short"), { once: true }));
