import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { createSandbox, leadPrograms, type Sandbox } from "@evergrant/sandbox";
import { expect, test } from "vitest";

const kit = join(import.meta.dirname, "kit");

/** A Custom Connection that a person has allowed for the demo company. */
function customConnection({ control }: Sandbox) {
  const jane = control.users().find(({ email }) => email === "jane@demo.example");
  const demo = control.organisations().find(({ name }) => name === "Demo Company (NZ)");
  const custom = control.createCustomConnection({
    name: "Machine",
    userId: jane?.id ?? "",
    scopes: ["accounting.settings"],
  });
  control.authoriseCustomConnection(custom.clientId, { organisationId: demo?.id ?? "" });
  return custom;
}

/** Runs a client of the kit as `sandbox exec` would; gives the last line that it says, read as JSON. */
async function runClient(sandbox: Sandbox, file: string, wanted: object): Promise<unknown> {
  const led = await leadPrograms({ url: sandbox.urls.control, env: { ...process.env, NODE_OPTIONS: "" } });
  try {
    const env = { ...led.env, EVERGRANT_TEST_XERO: JSON.stringify(wanted) };
    const { stdout } = await promisify(execFile)(process.execPath, [join(kit, file)], { env, timeout: 60_000 });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  } finally {
    await led.close();
  }
}

test("the published Xero SDK, unmodified, consents, refreshes, calls the API and uses client credentials", async () => {
  // Where the person's browser is sent back to: an app of somebody else's, which only has to exist.
  const landing = createServer((_request, response) => response.end("thank you"));
  await new Promise<void>((resolve) => landing.listen(0, "127.0.0.1", resolve));
  const redirectUri = `http://localhost:${(landing.address() as AddressInfo).port}/callback`;
  const sandbox = await createSandbox({ seed: 3 });
  try {
    const app = sandbox.control.createApp({ kind: "web", name: "SDK", redirectUris: [redirectUri] });
    const wanted = {
      clientId: app.clientId,
      clientSecret: app.clientSecret,
      redirectUri,
      login: sandbox.urls.login,
      custom: customConnection(sandbox),
    };
    expect(await runClient(sandbox, "xero-node-client.mjs", wanted)).toEqual({
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
  }
});

test("its token is expired for it, and for the API, when the sandbox's clock has moved by 31 minutes", async () => {
  await using sandbox = await createSandbox();
  expect(await runClient(sandbox, "xero-node-later-client.mjs", customConnection(sandbox))).toEqual({
    before: { expired: false, organisation: "Demo Company (NZ)" },
    after: { expired: true, refusal: [401, "TokenExpired"], movedMinutes: 31 },
    renewed: "Demo Company (NZ)",
  });
});
