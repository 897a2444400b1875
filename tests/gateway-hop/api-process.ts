import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** An API of one answer, as cheap as can be, in a process of its own; what lists organisations is asked of the sandbox. */
const BODY = JSON.stringify({
  Invoices: Array.from({ length: 20 }, (_, n) => ({ InvoiceNumber: `INV-${n}`, Total: n })),
});
const sandbox = process.argv[2] ?? "";

const server = createServer((request, response) => {
  if (request.url?.startsWith("/connections") === true) {
    fetch(`${sandbox}${request.url}`, { headers: { authorization: request.headers.authorization ?? "" } })
      .then(async (answer) => response.writeHead(answer.status).end(await answer.text()))
      .catch(() => response.writeHead(502).end());
    return;
  }
  const isKnown = request.headers.authorization?.startsWith("Bearer ") === true;
  response.writeHead(isKnown ? 200 : 401, { "content-type": "application/json" }).end(BODY);
});
server.listen(0, "127.0.0.1", () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.once("disconnect", () => process.exit(0));
