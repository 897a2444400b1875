import type { AddressInfo, Server, Socket } from "node:net";

/** A server on this machine alone, on any free port, that can be closed with whoever is connected. */
export interface LocalServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Lets a server listen on 127.0.0.1. */
export async function listenLocally(server: Server): Promise<LocalServer> {
  const open = new Set<Socket>();
  const keep = (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  };
  server.on("connection", keep);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
