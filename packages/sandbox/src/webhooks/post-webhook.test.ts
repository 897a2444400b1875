import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createCertificates } from "../tls/certificates.ts";
import { postWebhook, signatureOf } from "./post-webhook.ts";

const open = new AbortController().signal;

/** Some server on this machine; `tls`: with a certificate that nobody has to trust. */
async function aServer(listener: RequestListener, more: { readonly tls?: boolean; readonly host?: string } = {}) {
  const server = more.tls === true ? createTlsServer(createCertificates(), listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, more.host ?? "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const post = { url: `${more.tls === true ? "https" : "http"}://localhost:${port}/`, body: "{}", signature: "s" };
  const close = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { post, [Symbol.asyncDispose]: close };
}

test("the signature is the base64 of HMAC-SHA-256 over the raw body", () => {
  // RFC 4231, test case 2.
  const expected = Buffer.from("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "hex");
  expect(signatureOf("Jefe", "what do ya want for nothing?")).toBe(expected.toString("base64"));
});

test("an answer that comes too late, or never, does not count", async () => {
  await using silent = await aServer(() => undefined);
  expect(await postWebhook(silent.post, open, 50)).toBeNull();
  await using unfinished = await aServer((_request, response) => {
    response.writeHead(200, { "content-length": 5 });
    response.flushHeaders();
  });
  expect(await postWebhook(unfinished.post, open, 50)).toBeNull();
});

test("the end of the sandbox does not wait for an answer", async () => {
  const closing = new AbortController();
  await using silent = await aServer(() => closing.abort());
  expect(await postWebhook(silent.post, closing.signal, 60_000)).toBeNull();
});

test("an answer of any length is not read to its end", async () => {
  await using endless = await aServer((_request, response) => {
    response.writeHead(200);
    const more = () => {
      while (response.write("x".repeat(1000)));
    };
    response.on("drain", more);
    more();
  });
  expect(await postWebhook(endless.post, open, 60_000)).toEqual({ status: 200, bare: false });
});

test("https with a certificate of its own, and a server on the other loopback address, are reached", async () => {
  const ok: RequestListener = (_request, response) => void response.writeHead(200, { "content-length": 0 }).end();
  await using secure = await aServer(ok, { tls: true });
  expect(await postWebhook(secure.post, open)).toEqual({ status: 200, bare: true });
  await using six = await aServer(ok, { host: "::1" });
  expect(await postWebhook(six.post, open)).toEqual({ status: 200, bare: true });
});
