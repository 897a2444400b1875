import { type ConnectionId, EvergrantError, Secret } from "@evergrant/core";
import type {
  AccessToken,
  AdmittedCall,
  ApiAsk,
  CallerPrincipal,
  CallsLeft,
  ForwardAsk,
  Forwarded,
  Gateway,
} from "@evergrant/keeper";

/** A gateway that lets every call of a permitted caller go to one origin, in turns that it remembers. */
export class FakeGateway implements Gateway {
  origin = "http://localhost:9";
  addresses: AdmittedCall["addresses"] = "loopback";
  /** Handed out one after the other; the last one again and again. */
  tokens = ["token-1"];
  shows: AdmittedCall["shows"] = null;
  left: readonly CallsLeft[] = [];
  /** Thrown instead of a turn. */
  noTurn: EvergrantError | null = null;
  readonly asks: {
    readonly connection: string;
    readonly method: string;
    readonly path: string;
    readonly query: string;
  }[] = [];
  /** What a call waits for before its turn. */
  queue: ((signal: AbortSignal) => Promise<void>) | null = null;
  /** What became of each turn, in order. */
  readonly turns: ("open" | "answered" | "ended" | "withdrawn")[] = [];
  readonly #idOf: (connection: string) => ConnectionId | undefined;
  #handedOut = 0;

  constructor(idOf: (connection: string) => ConnectionId | undefined) {
    this.#idOf = idOf;
  }

  async admit(caller: CallerPrincipal, ask: ApiAsk): Promise<AdmittedCall> {
    const { connection, method, path, query } = ask;
    this.asks.push({ connection, method, path, query });
    const id = this.#idOf(connection);
    if (id === undefined || !caller.may("gateway", id)) throw new EvergrantError("connection_not_available");
    const tenant = ask.header("ledgerly-tenant");
    return {
      connection: id,
      ...{ origin: this.origin, addresses: this.addresses, shows: this.shows },
      target: query === "" ? path : `${path}?${query}`,
      headers: tenant === null ? {} : { "ledgerly-tenant": tenant },
      passes: { request: ["ledgerly-extra"], answer: ["ledgerly-correlation"] },
      turn: async (signal) => {
        if (this.queue !== null) await this.queue(signal);
        return this.#turn();
      },
      token: async () => this.#token(),
      replacement: async () => {
        if (this.#handedOut + 1 >= this.tokens.length) return null;
        this.#handedOut += 1;
        return this.#token();
      },
      meaning: ({ status }, body) => (status === 401 && body.includes("TokenExpired") ? "token-expired" : null),
    };
  }

  async forward(caller: CallerPrincipal, ask: ForwardAsk): Promise<Forwarded> {
    const id = this.#idOf(ask.connection);
    if (id === undefined || !caller.may("forward", id)) throw new EvergrantError("connection_not_available");
    const tenant = ask.header("ledgerly-tenant") ?? "t-1";
    return { token: this.#token(), headers: { "ledgerly-tenant": tenant }, keepForMs: 9_900 };
  }

  #turn() {
    if (this.noTurn !== null) throw this.noTurn;
    const index = this.turns.push("open") - 1;
    const become = (what: "answered" | "ended" | "withdrawn") => () => {
      this.turns[index] = what;
    };
    return {
      answered: become("answered"),
      ended: become("ended"),
      withdrawn: become("withdrawn"),
      left: () => this.left,
    };
  }

  #token(): AccessToken {
    const text = this.tokens[this.#handedOut] ?? "";
    return { accessToken: new Secret(text), tokenType: "Bearer", expiresInMs: 1_000_000, scope: "", tenants: [] };
  }
}
