import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Secret } from "@evergrant/core";
import { createSandbox } from "@evergrant/sandbox";
import { silentRequestLog } from "@evergrant/server";
import { describe, expect, test } from "vitest";
import { type StartedNode, type StartOptions, startNode } from "./start-node.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const REAL_APP = {
  name: "books",
  provider: "xero",
  clientId: "id",
  clientSecret: new Secret("secret"),
  scopes: null,
  origins: null,
  by: "test",
};

async function started(options: Partial<StartOptions> & { folder: string }): Promise<StartedNode & AsyncDisposable> {
  const node = await startNode({ port: 0, terminal: false, log: silentRequestLog, ...options });
  return Object.assign(node, { [Symbol.asyncDispose]: () => node.close() });
}

describe("a started node", () => {
  test("answers at its URL and knows its key, which lies in a file of its own", async () => {
    using folder = temporaryFolder();
    await using node = await started({ folder: folder.path });
    const file = join(folder.path, "operator-key");
    expect(node.operatorKey).toEqual({ kind: "written", file });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await node.keeper.operators.byKey(new Secret(readFileSync(file, "utf8").trim()))).toMatchObject({
      name: "operator",
      role: "admin",
    });
    expect((await fetch(`${node.url}/healthz`)).status).toBe(200);
  });

  test("shows its key once, to a terminal only, and then writes it nowhere", async () => {
    using folder = temporaryFolder();
    const shown: string[] = [];
    const terminal = { show: (text: string) => void shown.push(text) };
    const first = await startNode({ folder: folder.path, port: 0, log: silentRequestLog, terminal });
    await first.close();
    await using again = await started({ folder: folder.path, terminal });
    expect([first.operatorKey, again.operatorKey]).toEqual([{ kind: "shown" }, { kind: "made-before" }]);
    expect(shown).toHaveLength(1);
    const key = /evk_\S+/.exec(shown[0] ?? "")?.[0] ?? "";
    expect(await again.keeper.operators.byKey(new Secret(key))).toMatchObject({ name: "operator", role: "admin" });
    expect(existsSync(join(folder.path, "operator-key"))).toBe(false);
  });

  test("knows providers of one's own, and starts nothing for a file that is wrong", async () => {
    using folder = temporaryFolder();
    const own = (value: unknown) => [{ name: "ledger.json", text: JSON.stringify(value) }];
    const ledger = { id: "ledger", displayName: "Ledger", endpoints: { kind: "discovered" } };
    const wrong = started({ folder: folder.path, ownProviders: own({ ...ledger, policy: { rotation: "never" } }) });
    await expect(wrong).rejects.toMatchObject({
      code: "provider_file_invalid",
      detail: expect.stringContaining("ledger.json: policy.rotation: "),
    });
    expect(readdirSync(folder.path)).toEqual([]);
    await using node = await started({ folder: folder.path, ownProviders: own(ledger) });
    expect(node.keeper.apps.providers().find(({ id }) => id === "ledger")?.cannotPromise).toContain(
      "This provider has no grace: one lost answer is one lost grant.",
    );
  });

  test("frees its port and folder when it is closed, and may be closed again", async () => {
    using folder = temporaryFolder();
    const node = await started({ folder: folder.path });
    await node.close();
    await node.close();
    await using again = await started({ folder: folder.path, port: Number(new URL(node.url).port) });
    expect(again.url).toBe(node.url);
  });

  test("keeps its admin API to this machine when it has a public name", async () => {
    using folder = temporaryFolder();
    const publicUrl = "https://evergrant.example";
    await using node = await started({ folder: folder.path, publicUrl, adminPort: 0 });
    expect(node.url).toBe(publicUrl);
    expect(new URL(node.adminUrl).hostname).toBe("localhost");
    expect((await fetch(`${node.adminUrl}/healthz`)).status).toBe(200);
  });
});

describe("a start that is refused", () => {
  test("for a taken port leaves no store behind", async () => {
    using folder = temporaryFolder();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(started({ folder: join(folder.path, "e"), port })).rejects.toMatchObject({ code: "port_taken" });
    expect(existsSync(join(folder.path, "e"))).toBe(false);
    taken.close();
  });

  test.each([
    [{ host: "0.0.0.0" }, "public_url_required"],
    [{ publicUrl: "http://evergrant.example" }, "plain_http_refused"],
    [{ publicUrl: "https://evergrant.example/path" }, "input_invalid"],
    [{ publicUrl: "nonsense" }, "input_invalid"],
    [{ followClock: "http://clock.example/__sandbox" }, "follow_clock_refused"],
  ])("%j: %s, before anything is opened", async (options, code) => {
    using folder = temporaryFolder();
    await expect(started({ folder: join(folder.path, "e"), ...options })).rejects.toMatchObject({ code });
    expect(existsSync(join(folder.path, "e"))).toBe(false);
  });

  test("for a folder that another node holds leaves that node alone", async () => {
    using folder = temporaryFolder();
    await using node = await started({ folder: folder.path });
    await expect(started({ folder: folder.path })).rejects.toMatchObject({ code: "journal_held" });
    expect((await fetch(`${node.url}/healthz`)).status).toBe(200);
  });
});

describe("a followed clock and a real provider", () => {
  test("an app without loopback origins keeps the node from starting", async () => {
    using folder = temporaryFolder();
    await using sandbox = await createSandbox();
    const before = await started({ folder: folder.path });
    await before.keeper.apps.add(REAL_APP);
    await before.close();
    const followClock = sandbox.urls.control;
    await expect(started({ folder: folder.path, followClock })).rejects.toMatchObject({
      code: "follow_clock_refused",
      detail: "the app books speaks to a real provider",
    });
    await using after = await started({ folder: folder.path });
    expect(await after.keeper.apps.list()).toHaveLength(1);
  });

  test("cannot be added later either, while the sandbox's can", async () => {
    using folder = temporaryFolder();
    await using sandbox = await createSandbox();
    await using node = await started({ folder: folder.path, followClock: sandbox.urls.control });
    await expect(node.keeper.apps.add(REAL_APP)).rejects.toMatchObject({ code: "follow_clock_refused" });
    const { identity, login, api } = sandbox.urls;
    const added = await node.keeper.apps.add({ ...REAL_APP, origins: { identity, login, api } });
    expect(added.name).toBe("books");
  });

  test("the node lives in the sandbox's time and is waited for", async () => {
    using folder = temporaryFolder();
    await using sandbox = await createSandbox();
    await using node = await started({ folder: folder.path, followClock: sandbox.urls.control });
    const { nowMs } = await sandbox.control.advance({ by: "61d" });
    expect(Math.abs(node.keeper.nowMs() - nowMs)).toBeLessThan(60_000);
    expect(sandbox.control.clock().followers).toMatchObject([{ idle: true }]);
  });
});
