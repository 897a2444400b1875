import { createHash } from "node:crypto";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { WireHarm } from "./harm-plan.ts";
import { pause } from "./pause.ts";

/**
 * Stands between clients and one server on loopback: it cuts, delays and halves answers to form posts, or lets nothing through at all.
 * It also counts refresh tokens that are on their way twice at the same time.
 */
export class HarmfulProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #armed: WireHarm[] = [];
  #lasting: WireHarm | undefined;
  readonly #underway = new Map<string, number>();
  #parted = false;
  #overlaps = 0;

  private constructor(target: () => number) {
    this.#server = createServer((client) => this.#join(client, connect(target(), "127.0.0.1")));
  }

  static async before(target: () => number): Promise<HarmfulProxy> {
    const proxy = new HarmfulProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === "string" ? 0 : address.port;
  }

  /** How often a refresh token was sent while an earlier sending of the same token had neither its answer nor its end. */
  get overlaps(): number {
    return this.#overlaps;
  }

  /** The next posts meet these, one each. */
  arm(harms: readonly WireHarm[]): void {
    this.#armed.push(...harms);
  }

  /** Every post meets this, until it is told otherwise. */
  set lasting(harm: WireHarm | undefined) {
    this.#lasting = harm;
  }

  /** Nothing passes either way, old connections and new, until `rejoin`: what is sent meanwhile arrives late. */
  part(): void {
    this.#parted = true;
    for (const { client, server } of this.#pairs) for (const socket of [client, server]) socket.pause();
  }

  rejoin(): void {
    this.#parted = false;
    for (const { client, server } of this.#pairs) for (const socket of [client, server]) socket.resume();
  }

  /** Ends every connection that is open now. */
  cutAll(): void {
    for (const pair of this.#pairs) pair.end();
  }

  /** No more harm from here on. */
  heal(): void {
    this.#armed.length = 0;
    this.#lasting = undefined;
    this.rejoin();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, server: Socket): void {
    const pair = new Pair({ client, server, next: () => this.#lasting ?? this.#armed.shift(), track: this.#tracker() });
    this.#pairs.add(pair);
    client.on("close", () => this.#pairs.delete(pair));
    if (this.#parted) for (const socket of [client, server]) socket.pause();
  }

  // Who holds a token on this connection: set at a request, let go at its answer or the end of the connection.
  #tracker(): (token: string | null) => void {
    let held: string | null = null;
    return (token) => {
      if (held !== null) this.#count(held, -1);
      held = token;
      if (held !== null && this.#count(held, 1) > 1) this.#overlaps += 1;
    };
  }

  #count(token: string, by: 1 | -1): number {
    const now = (this.#underway.get(token) ?? 0) + by;
    if (now === 0) this.#underway.delete(token);
    else this.#underway.set(token, now);
    return now;
  }
}

interface PairParts {
  readonly client: Socket;
  readonly server: Socket;
  /** The harm for the post that begins now. */
  readonly next: () => WireHarm | undefined;
  /** Told what token is on its way; null: none any more. */
  readonly track: (token: string | null) => void;
}

const LONGEST_REQUEST = 16_384;

/** One connection of a client and its continuation to the server. */
class Pair {
  readonly client: Socket;
  readonly server: Socket;
  readonly #parts: PairParts;
  #harm: WireHarm | undefined;
  #request = "";
  #sendAtMs = 0;
  #asking: Promise<void> = Promise.resolve();
  #answering: Promise<void> = Promise.resolve();

  constructor(parts: PairParts) {
    this.client = parts.client;
    this.server = parts.server;
    this.#parts = parts;
    for (const socket of [parts.client, parts.server])
      socket
        .setNoDelay(true)
        .on("error", () => this.end())
        .on("close", () => this.end());
    parts.client.on("data", (piece) => this.#asked(piece));
    parts.server.on("data", (piece) => this.#answered(piece));
  }

  end(): void {
    this.#parts.track(null);
    this.client.destroy();
    this.server.destroy();
  }

  #asked(piece: Buffer): void {
    const sent = piece.toString("latin1");
    if (sent.startsWith("POST ")) {
      this.#request = "";
      this.#harm = this.#parts.next();
      if (this.#harm?.kind === "lose-request") {
        this.end();
        return;
      }
      if (this.#harm?.kind === "delay-request") this.#sendAtMs = performance.now() + this.#harm.ms;
    }
    if (this.#request.length < LONGEST_REQUEST) this.#watch(sent);
    this.#asking = this.#asking
      .then(() => pause(this.#sendAtMs - performance.now()))
      .then(() => {
        if (this.server.writable) this.server.write(piece);
      });
  }

  #watch(sent: string): void {
    const seen = /[&\n]refresh_token=[^&]{8}/.test(this.#request);
    this.#request += sent;
    const [, token] = /[&\n]refresh_token=([^&\s]{8,})/.exec(this.#request) ?? [];
    if (!seen && token !== undefined) this.#parts.track(createHash("sha256").update(token).digest("hex"));
  }

  #answered(piece: Buffer): void {
    const harm = this.#harm;
    if (harm?.kind === "lose-answer") {
      this.end();
      return;
    }
    if (harm?.kind === "halve-answer") {
      this.#harm = undefined;
      this.client.write(piece.subarray(0, Math.floor(piece.length / 2)), () => this.end());
      return;
    }
    this.#harm = undefined;
    const delayMs = harm?.kind === "delay-answer" ? harm.ms : 0;
    this.#answering = this.#answering
      .then(() => pause(delayMs))
      .then(() => {
        this.#parts.track(null);
        if (this.client.writable) this.client.write(piece);
      });
  }
}
