import type { Connection } from "@evergrant/contract";
import type { Point } from "@evergrant/keeper";
import { aPerson } from "./connections.ts";
import type { Fleet } from "./fleet.ts";
import { pause, within } from "./pause.ts";

const BACK_WITHIN_MS = 60_000;

/** People who consent while harm is done, each for a new connection. */
export class LateConsents {
  readonly #fleet: Fleet;
  readonly #people = new Map<string, { readonly email: string; readonly organisation: string }>();
  #last = "nobody has consented";

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /**
   * The node that answers for the public address dies inside the exchange of the code. A code is single use: either its answer was durable,
   * or the connection plainly awaits consent and a new link works; unless that, too, meets harm on the wire: then there is `finish`.
   */
  async whileKilled(point: Point): Promise<void> {
    const [slot] = this.#fleet.slots;
    if (slot === undefined || !(await within(BACK_WITHIN_MS, () => slot.up))) return;
    const name = `late-${this.#people.size + 1}`;
    const { user, organisation } = aPerson(this.#fleet, name);
    this.#people.set(name, { email: user.email, organisation: organisation.name });
    const connection = { name, app: "books", expectedTenant: organisation.id };
    await this.#eventually(() => this.#fleet.admin.post<Connection>("/connections", connection));
    const { deaths } = slot;
    await slot.kill({ point, subject: "code" });
    await within(BACK_WITHIN_MS, () => slot.deaths > deaths && slot.up);
    await this.#consents(name);
    await within(BACK_WITHIN_MS, () => slot.up);
    await this.#consentsIfAwaited(name);
  }

  /** All is calm: whoever could not be connected so far consents again, and now it has to work. */
  async finish(): Promise<void> {
    for (const name of this.#people.keys()) {
      const isConnected = async () => (await this.#consentsIfAwaited(name)) === "connected";
      if (!(await within(BACK_WITHIN_MS, isConnected))) throw new Error(`${name} cannot be connected: ${this.#last}`);
    }
  }

  async #consentsIfAwaited(name: string): Promise<Connection["status"]> {
    const { admin } = this.#fleet;
    const { status } = await this.#eventually(() => admin.get<Connection>(`/connections/${name}`));
    if (status === "awaiting-consent") await this.#consents(name);
    return status;
  }

  async #consents(name: string): Promise<void> {
    const { admin, world } = this.#fleet;
    const person = this.#people.get(name);
    if (person === undefined) return;
    try {
      const asked = { accept: "any-tenant" };
      const { url } = await admin.post<{ url: string }>(`/connections/${name}/consent-links`, asked);
      this.#last = (await world.consents(url, person.email, person.organisation)).text();
    } catch (error) {
      // The node died, or its store is away.
      this.#last = String(error);
    }
  }

  // A node that has just come back, or whose store has, may say for a moment that it cannot.
  async #eventually<T>(ask: () => Promise<T>): Promise<T> {
    const endMs = performance.now() + BACK_WITHIN_MS;
    for (;;)
      try {
        return await ask();
      } catch (error) {
        if (performance.now() > endMs) throw error;
        await pause(250);
      }
  }
}
