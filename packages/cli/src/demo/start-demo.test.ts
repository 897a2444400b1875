import { readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Secret } from "@evergrant/core";
import { createSandbox } from "@evergrant/sandbox";
import { silentRequestLog } from "@evergrant/server";
import { describe, expect, test } from "vitest";
import { createAdminClient } from "../admin-client.ts";
import { startNode } from "../start-node.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { DEMO_APP } from "./seed-demo.ts";
import { type DemoOptions, type StartedDemo, startDemo } from "./start-demo.ts";

async function demo(folder: string, more: Partial<DemoOptions> = {}): Promise<StartedDemo & AsyncDisposable> {
  const started = await startDemo({ folder, port: 0, sandboxPort: 0, log: silentRequestLog, ...more });
  return Object.assign(started, { [Symbol.asyncDispose]: () => started.close() });
}

describe("a demo", () => {
  test("writes its facts, for its owner alone, and they are true", async () => {
    using folder = temporaryFolder();
    await using started = await demo(folder.path);
    const file = join(folder.path, "demo.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const facts = JSON.parse(readFileSync(file, "utf8"));
    expect(facts).toEqual(started.facts);
    expect((await fetch(facts.consentLink)).status).toBe(200);
    const refused = await fetch(facts.tokenEndpoint, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${facts.clientId}:${facts.clientSecret}`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
    expect(await refused.json()).toMatchObject({ error: "consent_required" });
    const apps = (await (await fetch(`${facts.sandbox.control}/apps`)).json()) as { redirectUris: string[] }[];
    expect(apps.some(({ redirectUris }) => redirectUris.includes(started.redirectUri))).toBe(true);
  });

  test("goes on at the next start: same places, credentials, link and moved clock", async () => {
    using folder = temporaryFolder();
    const first = await demo(folder.path);
    await fetch(`${first.facts.sandbox?.control}/clock/advance`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"by":"3d"}',
    });
    await first.close();
    await using second = await demo(folder.path);
    expect(second.facts).toEqual(first.facts);
    const clock = (await (await fetch(`${second.facts.sandbox?.control}/clock`)).json()) as { offsetMs: number };
    expect(clock.offsetMs).toBeGreaterThan(2.9 * 86_400_000);
  });

  test("makes a new link once the old one has lapsed", async () => {
    using folder = temporaryFolder();
    const first = await demo(folder.path);
    await fetch(`${first.facts.sandbox?.control}/clock/advance`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"by":"15d"}',
    });
    await first.close();
    await using second = await demo(folder.path);
    expect(second.facts.consentLink).not.toBe(first.facts.consentLink);
    expect((await fetch(second.facts.consentLink)).status).toBe(200);
  });

  test("mends what a start that ended half-way left out", async () => {
    using folder = temporaryFolder();
    const first = await demo(folder.path);
    await first.close();
    // As after a crash between making the caller and writing down its secret.
    rmSync(join(folder.path, "demo.json"));
    await using second = await demo(folder.path);
    expect(second.facts.clientId).toBe(first.facts.clientId);
    expect(second.facts.clientSecret).not.toBe(first.facts.clientSecret);
    expect(second.facts.sandbox).toEqual(first.facts.sandbox);
    const admin = createAdminClient({
      url: second.facts.evergrant,
      operatorKey: new Secret(second.facts.operatorKey),
    });
    expect((await admin.call("listApps")).apps.map(({ name }) => name)).toEqual([DEMO_APP]);
    expect((await admin.call("listCallers")).callers).toHaveLength(1);
  });

  test("takes another free port when any was asked for and the remembered one is taken", async () => {
    using folder = temporaryFolder();
    const first = await demo(folder.path);
    await first.close();
    const squatter = createServer();
    const port = Number(new URL(first.facts.evergrant).port);
    await new Promise<void>((resolve) => squatter.listen(port, "127.0.0.1", resolve));
    await using second = await demo(folder.path);
    squatter.close();
    expect(second.facts.evergrant).not.toBe(first.facts.evergrant);
    expect((await fetch(second.facts.consentLink)).status).toBe(200);
    const apps = (await (await fetch(`${second.facts.sandbox?.control}/apps`)).json()) as { redirectUris: string[] }[];
    expect(apps.some(({ redirectUris }) => redirectUris.includes(second.redirectUri))).toBe(true);
  });
});

describe("a demo that cannot start", () => {
  test("because the sandbox's port is taken says which option to use", async () => {
    using folder = temporaryFolder();
    await using other = await createSandbox();
    await expect(demo(folder.path, { sandboxPort: other.port })).rejects.toMatchObject({
      code: "port_taken",
      detail: expect.stringContaining("--sandbox-port"),
    });
  });

  test("because Evergrant's port is taken ends its sandbox too", async () => {
    using folder = temporaryFolder();
    using elsewhere = temporaryFolder();
    const other = await startNode({
      journalMayVanish: true,
      folder: elsewhere.path,
      port: 0,
      terminal: false,
      log: silentRequestLog,
    });
    const probe = await createSandbox();
    const sandboxPort = probe.port;
    await probe.close();
    const port = Number(new URL(other.url).port);
    await expect(demo(folder.path, { port, sandboxPort })).rejects.toMatchObject({ code: "port_taken" });
    await using free = await createSandbox({ port: sandboxPort });
    expect(free.port).toBe(sandboxPort);
    await other.close();
  });

  test("because its app knows the sandbox at another port says so", async () => {
    using folder = temporaryFolder();
    const first = await demo(folder.path);
    await first.close();
    await expect(demo(folder.path, { sandboxPort: 1 })).rejects.toThrow(/knows its sandbox at port/);
  });
});
