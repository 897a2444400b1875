import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A client's redirect URI that answers whatever comes: browsers need somewhere to arrive. */
export interface CallbackPlace {
  readonly redirectUri: string;
  close(): Promise<void>;
}

/** Listens on a free port of this machine. */
export async function openCallbackPlace(): Promise<CallbackPlace> {
  const server = createServer((_request, response) => response.end("back at the client"));
  const port = await listenOnFreePort(server);
  return { redirectUri: `http://localhost:${port}/callback`, close: () => stopServer(server) };
}

export function listenOnFreePort(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

export function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
