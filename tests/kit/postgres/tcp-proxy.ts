import { connect, createServer, type Server, type Socket } from "node:net";

/** What to do with the connection when its client sends something. */
export type Cut =
  | "pass"
  /** The server never gets it. */
  | "lose-request"
  /** The server gets it and does it; the client never hears of it. */
  | "lose-answer"
  /** Neither is told anything: the client waits. */
  | "swallow-answer";

/** Stands between a client and a server on loopback, and cuts connections where a test says. */
export class TcpProxy implements AsyncDisposable {
  /** Asked for every piece that a client sends. */
  decide: (sent: string) => Cut = () => "pass";
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: () => number) {
    this.#server = createServer((client) => this.#join(client, connect(target(), "127.0.0.1")));
  }

  static async before(target: () => number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === "string" ? 0 : address.port;
  }

  /** Ends every connection that is open now. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, server: Socket): void {
    let answers: "pass" | "lose" | "swallow" = "pass";
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", end).on("close", () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    client.on("data", (piece) => {
      const cut = this.decide(piece.toString("latin1"));
      if (cut === "lose-request") return end();
      if (cut === "lose-answer") answers = "lose";
      if (cut === "swallow-answer") answers = "swallow";
      server.write(piece);
    });
    server.on("data", (piece) => {
      if (answers === "pass") client.write(piece);
      else if (answers === "lose") end();
    });
  }
}
