import type { Connection } from "@evergrant/contract";
import type { Point } from "@evergrant/keeper";
import { aPerson } from "./connections.ts";
import type { Fleet } from "./fleet.ts";
import { pause, within } from "./pause.ts";

const BACK_WITHIN_MS = 60_000;
const CONNECTED_WITHIN_MS = 60_000;

/**
 * A person consents for a new connection, and the node that answers for the public address dies inside the exchange of the code. A code is
 * single use: either its answer was durable, or the connection plainly awaits consent and a new link works.
 */
export async function consentWhileKilled(fleet: Fleet, point: Point, count: number): Promise<void> {
  const [slot] = fleet.slots;
  if (slot === undefined || !(await within(BACK_WITHIN_MS, () => slot.up))) return;
  const name = `late-${count}`;
  const { user, organisation } = aPerson(fleet, name);
  let last = "nobody has consented yet";
  const consents = async () => {
    const { url } = await fleet.admin.post<{ url: string }>(`/connections/${name}/consent-links`, {
      accept: "any-tenant",
    });
    last = (await fleet.world.consents(url, user.email, organisation.name)).text();
  };
  const tries = () =>
    consents().catch((error: unknown) => {
      last = String(error);
    });
  const connection = { name, app: "books", expectedTenant: organisation.id };
  await eventually(() => fleet.admin.post<Connection>("/connections", connection));
  const { deaths } = slot;
  await slot.kill({ point, subject: "code" });
  await within(BACK_WITHIN_MS, () => slot.deaths > deaths && slot.up);
  await tries();
  await within(BACK_WITHIN_MS, () => slot.up);
  // What else goes wrong on the wire may cost the next code too; then there is another link.
  const isConnected = async () => {
    const { status } = await eventually(() => fleet.admin.get<Connection>(`/connections/${name}`));
    if (status === "awaiting-consent") await tries();
    return status === "connected";
  };
  if (!(await within(CONNECTED_WITHIN_MS, isConnected))) throw new Error(`${name} cannot be connected: ${last}`);
}

// A node that has just come back, or whose store has, may say for a moment that it cannot.
async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + CONNECTED_WITHIN_MS;
  for (;;)
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await pause(250);
    }
}
