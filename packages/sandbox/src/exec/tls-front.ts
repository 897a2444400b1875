import { connect } from "node:net";
import { createServer } from "node:tls";
import { type LocalServer, listenLocally } from "./local-server.ts";
import { pipeBoth } from "./pipe-both.ts";

/** Takes the TLS off connections to Xero's names and hands them, as they are, to the sandbox's own port. */
export function startTlsFront(
  certificates: { readonly key: string; readonly cert: string },
  sandboxPort: number,
): Promise<LocalServer> {
  const server = createServer({ ...certificates, ALPNProtocols: ["http/1.1"] }, (secure) =>
    pipeBoth(secure, connect({ host: "127.0.0.1", port: sandboxPort })),
  );
  // A client that does not know the authority: it says so itself.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return listenLocally(server);
}
