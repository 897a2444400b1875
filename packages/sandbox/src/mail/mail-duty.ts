import type { Mail, MailDelivery } from "../engine/index.ts";
import type { Duty } from "../outbound.ts";
import type { World } from "../world.ts";
import type { Mailer } from "./mailer.ts";
import { renderMail } from "./render-mail.ts";

/** Sends the mails that wait, each once; without a mailer they stay in the outbox. A mail cut short by the end goes out at the next start. */
export function mailDuty(
  world: Pick<World, "engine" | "clock" | "closing" | "ownOrigin">,
  mailer: Mailer | null,
): Duty {
  const { engine, clock } = world;
  const waiting = () => [...engine.view.all("mails")].filter((mail) => mail.delivery.kind === "waiting");
  return {
    nextDueAtMs: () => waiting()[0]?.atMs ?? null,
    async carryOut() {
      for (const mail of waiting()) {
        const delivery = mailer === null ? kept : await deliver(mailer, mail);
        if (world.closing.aborted || delivery === null) return;
        engine.run(clock.nowMs(), ({ draft }) => {
          const row = draft.get("mails", mail.id);
          if (row !== undefined) draft.put("mails", row.id, { ...row, delivery });
        });
      }
    },
  };

  async function deliver(by: Mailer, mail: Mail): Promise<MailDelivery | null> {
    const rendered = engine.run(clock.nowMs(), (turn) => renderMail(turn, mail, world.ownOrigin()));
    try {
      const cut = await Promise.race([by.send(rendered), whenAborted(world.closing)]);
      return cut === "cut short" ? null : { kind: "sent", atMs: clock.nowMs() };
    } catch (error) {
      return { kind: "failed", because: error instanceof Error ? error.message.slice(0, 200) : "unknown" };
    }
  }
}

const kept: MailDelivery = { kind: "kept" };

const whenAborted = (signal: AbortSignal): Promise<"cut short"> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve("cut short"), { once: true }));
