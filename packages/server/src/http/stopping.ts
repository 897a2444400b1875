import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import { afterRealMs } from "../real-time.ts";

/**
 * Lets no connection hold up a stop, as supervisors kill what does not end. One that is busy is closed after its answer, not after its
 * keep-alive time, and where that does not come it is cut: a caller may send the rest of his body, or read his answer, as slowly as he
 * likes. One on which nothing was ever asked is ended at once: browsers and load balancers open such in advance, and Node counts them as
 * busy until their headers are overdue.
 */
export function endConnectionsAtStop(app: FastifyInstance, answeredWithinMs: number): void {
  const unused = new Set<Socket>();
  let stopping = false;
  app.server.on("connection", (socket: Socket) => {
    if (stopping) return void socket.destroy();
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  app.server.on("request", ({ socket }: { readonly socket: Socket }) => unused.delete(socket));
  app.addHook("preClose", async () => {
    stopping = true;
    for (const socket of unused) socket.destroy();
    app.server.once(
      "close",
      afterRealMs(answeredWithinMs, () => app.server.closeAllConnections()),
    );
  });
  app.addHook("onSend", async (_request, reply) => {
    if (stopping) reply.header("connection", "close");
  });
}
