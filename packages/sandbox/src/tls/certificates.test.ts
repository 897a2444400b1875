import { X509Certificate } from "node:crypto";
import { request } from "node:https";
import { expect, test } from "vitest";
import { createSandbox } from "../index.ts";
import { XERO_HOSTS } from "../xero-hosts.ts";
import { createCertificates } from "./certificates.ts";

/** A client that was led here from Xero's own names. */
function get(tlsPort: number, host: string, path: string, ca: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port: tlsPort, servername: host, path, ca, headers: { host } },
      (answer) => {
        let body = "";
        answer.on("data", (piece: Buffer) => {
          body += piece.toString();
        });
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
      },
    );
    sent.on("error", reject);
    sent.end();
  });
}

test("the certificate is signed by its authority, holds for a century and for every name", () => {
  const { ca, cert } = createCertificates();
  const leaf = new X509Certificate(cert);
  const authority = new X509Certificate(ca);
  expect(authority.ca).toBe(true);
  expect(leaf.ca).toBe(false);
  expect(leaf.verify(authority.publicKey)).toBe(true);
  expect(leaf.checkIssued(authority)).toBe(true);
  for (const name of [...XERO_HOSTS, "localhost"]) expect(leaf.checkHost(name)).toBe(name);
  for (const address of ["127.0.0.1", "::1"]) expect(leaf.checkIP(address)).toBe(address);
  expect(leaf.checkHost("example.com")).toBeUndefined();
  expect([leaf.validFromDate.getUTCFullYear(), leaf.validToDate.getUTCFullYear()]).toEqual([1999, 2126]);
});

test("over TLS each of Xero's hosts serves what it serves at Xero, under its real name", async () => {
  const { ca, cert, key } = createCertificates();
  await using sandbox = await createSandbox({ tls: { key, cert } });
  const port = sandbox.tlsPort ?? 0;
  const discovery = await get(port, "identity.xero.com", "/.well-known/openid-configuration", ca);
  expect(JSON.parse(discovery.body)).toMatchObject({
    issuer: "https://identity.xero.com",
    authorization_endpoint: "https://login.xero.com/identity/connect/authorize",
    token_endpoint: "https://identity.xero.com/connect/token",
  });
  expect((await get(port, "api.xero.com", "/connections", ca)).status).toBe(401);
  expect((await get(port, "login.xero.com", "/identity/connect/authorize", ca)).status).toBe(400);
  expect((await get(port, "login.xero.com", "/.well-known/openid-configuration", ca)).status).toBe(404);
  expect((await get(port, "api.xero.com", "/__sandbox/state", ca)).status).toBe(404);
  expect(JSON.parse((await get(port, "localhost", "/.well-known/openid-configuration", ca)).body).issuer).toBe(
    `https://localhost:${port}`,
  );
});

test("a client that does not know the authority refuses the connection", async () => {
  const { cert, key } = createCertificates();
  await using sandbox = await createSandbox({ tls: { key, cert } });
  await expect(get(sandbox.tlsPort ?? 0, "identity.xero.com", "/", createCertificates().ca)).rejects.toThrow();
});
