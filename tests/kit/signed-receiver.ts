import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

/** A notice as a program of somebody's gets it. */
export interface ReceivedNotice {
  readonly id: string;
  readonly type: string;
  readonly data: {
    readonly notice: string;
    readonly connections: readonly string[];
    readonly title: string;
    readonly link: string | null;
  };
}

/** Takes signed posts on a free port of this machine, and believes those alone that the library of Standard Webhooks verifies. */
export class SignedReceiver implements AsyncDisposable {
  readonly notices: ReceivedNotice[] = [];
  /** Every try, also those that were not taken. */
  tries = 0;
  forged = 0;
  /** What it answers; 200 and 204 take the post. */
  answer = 204;
  /** Signing secrets that it knows. */
  readonly secrets: string[] = [];
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://localhost:${(server.address() as AddressInfo).port}/hooks`;
  }

  static async start(): Promise<SignedReceiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const receiver = new SignedReceiver(server);
    server.on("request", async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      response.writeHead(receiver.#take(Buffer.concat(pieces).toString("utf8"), request.headers)).end();
    });
    return receiver;
  }

  /** The names of the notices that it took, in order. */
  get names(): readonly string[] {
    return this.notices.map(({ data }) => data.notice);
  }

  #take(body: string, headers: IncomingHttpHeaders): number {
    this.tries += 1;
    const id = String(headers["webhook-id"]);
    const timestamp = String(headers["webhook-timestamp"]);
    const signature = String(headers["webhook-signature"]);
    if (!this.secrets.some((secret) => isVerified(secret, body, { id, timestamp, signature }))) {
      this.forged += 1;
      return 401;
    }
    if (this.answer < 300) this.notices.push({ id, ...(JSON.parse(body) as Omit<ReceivedNotice, "id">) });
    return this.answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

// The library holds timestamps against the machine's clock; those of a moved one are rewritten to now, and signed by itself to compare.
function isVerified(
  secret: string,
  body: string,
  sent: { readonly id: string; readonly timestamp: string; readonly signature: string },
): boolean {
  const webhook = new Webhook(secret);
  const atMs = Number(sent.timestamp) * 1_000;
  const headers = {
    "webhook-id": sent.id,
    "webhook-timestamp": sent.timestamp,
    "webhook-signature": sent.signature,
  };
  if (Math.abs(Date.now() - atMs) > 200_000) {
    const rightly = webhook.sign(sent.id, new Date(atMs), body);
    return sent.signature.split(" ").includes(rightly);
  }
  try {
    webhook.verify(body, headers);
    return true;
  } catch {
    return false;
  }
}
