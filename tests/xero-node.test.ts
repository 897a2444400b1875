import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createCertificates, createSandbox } from "@evergrant/sandbox";
import { expect, test } from "vitest";

const kit = join(import.meta.dirname, "kit");

test("the published Xero SDK, unmodified, consents, refreshes, calls the API and uses client credentials", async () => {
  const folder = mkdtempSync(join(tmpdir(), "evergrant-xero-node-"));
  const certificates = createCertificates();
  writeFileSync(join(folder, "ca.pem"), certificates.ca);
  // Where the person's browser is sent back to: an app of somebody else's, which only has to exist.
  const landing = createServer((_request, response) => response.end("thank you"));
  await new Promise<void>((resolve) => landing.listen(0, "127.0.0.1", resolve));
  const redirectUri = `http://localhost:${(landing.address() as AddressInfo).port}/callback`;
  const sandbox = await createSandbox({ seed: 3, tls: { key: certificates.key, cert: certificates.cert } });
  try {
    const app = sandbox.control.createApp({ kind: "web", name: "SDK", redirectUris: [redirectUri] });
    const jane = sandbox.control.users().find(({ email }) => email === "jane@demo.example");
    const demo = sandbox.control.organisations().find(({ name }) => name === "Demo Company (NZ)");
    const custom = sandbox.control.createCustomConnection({
      name: "Machine",
      userId: jane?.id ?? "",
      scopes: ["accounting.settings"],
    });
    sandbox.control.authoriseCustomConnection(custom.clientId, { organisationId: demo?.id ?? "" });
    const wanted = {
      clientId: app.clientId,
      clientSecret: app.clientSecret,
      redirectUri,
      login: sandbox.urls.login,
      custom,
    };
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--require", join(kit, "xero-hosts.cjs"), join(kit, "xero-node-client.mjs")],
      {
        env: {
          ...process.env,
          NODE_OPTIONS: "",
          NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"),
          EVERGRANT_SANDBOX_TLS_PORT: String(sandbox.tlsPort),
          EVERGRANT_TEST_XERO: JSON.stringify(wanted),
        },
        timeout: 60_000,
      },
    );
    expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toEqual({
      tenants: ["Demo Company (NZ)"],
      rotated: true,
      organisation: "Demo Company (NZ)",
      contacts: 5,
      books: {
        same: true,
        found: 1,
        pages: 1,
        total: 115,
        status: "PAID",
        refusal: [400, "ValidationException"],
        minuteLeft: true,
      },
      machine: { token: "string", refresh: null, organisation: "Demo Company (NZ)" },
    });
    expect(
      sandbox.control.requests().filter(({ endpoint, committed }) => endpoint === "revocation" && committed),
    ).toHaveLength(1);
  } finally {
    await sandbox.close();
    landing.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
