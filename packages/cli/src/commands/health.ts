import type { Connection, Me } from "@evergrant/contract";
import { ERRORS } from "@evergrant/core";
import type { Command } from "commander";
import { adminLists } from "../admin-lists.ts";
import { ForeignRefusal } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";
import { localInstant } from "../text/instants.ts";

/** `evergrant health`: whether the node works, and which connections need somebody. */
export function addHealth(program: Command, world: CommandWorld): void {
  program
    .command("health")
    .description("whether the node works, and which connections need somebody")
    .action(async (_options: object, command: Command) => {
      const session = openSession(world, command);
      const admin = session.admin();
      const me = await admin.call("me");
      const connections = await adminLists.connections(admin);
      const troubled = connections.filter(needsSomebody);
      const { publicUrl, nowMs, health } = me;
      session.print({
        json: {
          url: session.url,
          publicUrl,
          nowMs,
          health,
          connections: connections.length,
          troubled: troubled.map(trouble),
        },
        text: healthText(me, { all: connections.length, troubled }),
      });
      if (health.serving && health.refreshing) return;
      const { state } = await admin.call("readQuarantine");
      if (state !== "none") throw new ForeignRefusal("store_quarantined", 503, ERRORS.store_quarantined.message);
      throw new ForeignRefusal(
        "store_unavailable",
        503,
        `The node does not work fully: ${health.detail ?? "no detail"}.`,
      );
    });
}

function needsSomebody({ status, trouble: found }: Connection): boolean {
  return found !== null || !["connected", "disabled"].includes(status);
}

function trouble({ name, status, trouble: found }: Connection) {
  return { name, status, trouble: found };
}

function healthText(
  { publicUrl, nowMs, health }: Me,
  { all, troubled }: { readonly all: number; readonly troubled: readonly Connection[] },
): string {
  return [
    `Evergrant at ${publicUrl}; its clock says ${localInstant(nowMs)}.`,
    `Hands out tokens: ${health.serving ? "yes" : "no"}. Fetches new ones: ${health.refreshing ? "yes" : "no"}.`,
    `Connections: ${all}${troubled.length === 0 ? "; none needs anybody." : "; these need somebody or are in trouble:"}`,
    ...troubled.map(({ name, status }) => `  ${name}: ${status} (evergrant why ${name})`),
  ].join("\n");
}
