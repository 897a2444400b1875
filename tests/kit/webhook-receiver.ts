import { createHmac } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface ReceivedPost {
  readonly body: string;
  readonly signature: string;
  /** Whether the signature is right for the key that the receiver was given. */
  readonly rightlySigned: boolean;
}

/** How a receiver answers: as Xero demands, or by a rule of the test's own. */
export type Answering = (post: ReceivedPost) => {
  readonly status: number;
  readonly body?: string;
  readonly cookie?: string;
};

/** Answers as Xero's guide asks for: 200 to a good signature, 401 to a bad one, without a body. */
export const properly: Answering = ({ rightlySigned }) => ({ status: rightlySigned ? 200 : 401 });

/** An app's webhook address on a free port of this machine. */
export class WebhookReceiver implements AsyncDisposable {
  readonly posts: ReceivedPost[] = [];
  readonly url: string;
  key = "";
  answering: Answering = properly;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://localhost:${(server.address() as AddressInfo).port}/hooks`;
  }

  static async start(): Promise<WebhookReceiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const receiver = new WebhookReceiver(server);
    server.on("request", async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      const body = Buffer.concat(pieces).toString("utf8");
      const signature = String(request.headers["x-xero-signature"]);
      const rightlySigned = signature === createHmac("sha256", receiver.key).update(body).digest("base64");
      const post = { body, signature, rightlySigned };
      receiver.posts.push(post);
      const answer = receiver.answering(post);
      if (answer.cookie !== undefined) response.setHeader("set-cookie", answer.cookie);
      response.writeHead(answer.status, { "content-length": Buffer.byteLength(answer.body ?? "") });
      response.end(answer.body ?? "");
    });
    return receiver;
  }

  /** The events of all rightly signed posts, in order. */
  events(): readonly ReceivedEvent[] {
    return this.posts
      .filter(({ rightlySigned }) => rightlySigned)
      .flatMap(({ body }) => (JSON.parse(body) as { events: ReceivedEvent[] }).events);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

export interface ReceivedEvent {
  readonly resourceUrl: string;
  readonly resourceId: string;
  readonly tenantId: string;
  readonly tenantType: string;
  readonly eventCategory: string;
  readonly eventType: string;
  readonly eventDateUtc: string;
}
