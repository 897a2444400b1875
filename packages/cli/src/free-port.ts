import { createServer } from "node:net";
import { EvergrantError } from "@evergrant/core";

/**
 * Makes sure that a port can be had before anything else is begun; 0 picks a free one.
 * @throws port_taken · input_invalid where the address cannot be listened on at all
 */
export function findFreePort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      const where = `${host}:${port}`;
      reject(
        error.code === "EADDRINUSE"
          ? new EvergrantError("port_taken", { detail: where, cause: error })
          : new EvergrantError("input_invalid", { detail: `cannot listen on ${where} (${error.code})`, cause: error }),
      );
    });
    probe.listen(port, host, () => {
      const address = probe.address();
      const found = typeof address === "object" && address !== null ? address.port : port;
      probe.close(() => resolve(found));
    });
  });
}
