import { MovableTime } from "../../../../tests/kit/movable-time.ts";
import type { Client, Notice, Unable } from "../client.ts";
import { createClient } from "../create-client.ts";
import type { SnapshotOptions } from "../options.ts";
import type { Chance, Time } from "../time.ts";
import { FakeEvergrant } from "./fake-evergrant.ts";

export interface ClientWorld {
  readonly time: MovableTime;
  readonly evergrant: FakeEvergrant;
  readonly unable: Unable[];
  readonly notices: Notice[];
  client(more?: ClientMore): Client;
}

interface ClientMore {
  readonly clientId?: string;
  readonly clientSecret?: string | (() => Promise<string>);
  readonly snapshot?: SnapshotOptions;
  readonly time?: Time;
}

export const SECRET = "a-secret-of-256-bits-or-so-it-is-hoped-here";

/** Clients of one Evergrant on one clock, with what they told. */
export function aClientWorld(): ClientWorld {
  const time = new MovableTime();
  const evergrant = new FakeEvergrant(time);
  const unable: Unable[] = [];
  const notices: Notice[] = [];
  const client: ClientWorld["client"] = (more = {}) =>
    createClient({
      ...{ url: "https://evergrant.example", connection: "acme", clientId: "nightly", clientSecret: SECRET },
      ...{ time, chance: evenChance(), fetch: evergrant.fetch },
      onUnable: (event) => unable.push(event),
      onNotice: (event) => notices.push(event),
      ...more,
    });
  return { time, evergrant, unable, notices, client };
}

/** Jitter in the middle, and bytes that count. */
function evenChance(): Chance {
  let count = 0;
  return {
    draw: () => 0.5,
    bytes: (length) => {
      count += 1;
      return new Uint8Array(length).fill(count);
    },
  };
}
