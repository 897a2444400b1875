import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { App } from "@evergrant/contract";
import { expect, test } from "vitest";
import { recordingProxy } from "./kit/recording-proxy.ts";
import { aWorld, DEMO_COMPANY, type World } from "./kit/world.ts";

test("I14 secrecy: no token, code, verifier or secret stands in any file, log or answer other than sealed", async () => {
  await using world = await aWorld();
  await using proxy = await recordingProxy(world.sandbox.urls.identity);
  await world.start();
  const { url } = await world.setUp({ identity: proxy.url });
  const answers = [(await world.consents(url, "jane@demo.example", DEMO_COMPANY)).html];
  for (const days of ["31m", "8d", "31m"]) {
    await world.advance(days);
    await world.token();
  }
  world.sandbox.control.placeFault({
    endpoint: "token",
    point: "after-commit-before-headers",
    action: { kind: "html", status: 502 },
  });
  await world.advance("31m");
  await world.token();
  answers.push(...(await adminAnswers(world)), ...(await hostileAnswers(world)));

  const { clientSecret } = world.caller;
  const secrets = [...proxy.secrets, clientSecret];
  expect(proxy.secrets.size).toBeGreaterThan(10);
  expect(leaks(secrets, answers.join("\n"))).toEqual([]);
  expect(leaks(secrets, world.node.output())).toEqual([]);
  await world.stop();
  for (const file of filesBelow(world.folder)) {
    expect({ file, leaks: leaks(secrets, readFileSync(file, "latin1")) }).toEqual({ file, leaks: [] });
    expect({ file, mode: statSync(file).mode & 0o077 }).toEqual({ file, mode: 0 });
  }
});

async function adminAnswers(world: World): Promise<readonly string[]> {
  const paths = [
    "/apps",
    "/connections",
    "/connections/acme",
    "/connections/acme/story?limit=200",
    "/callers",
    "/consents?held=true",
    "/providers",
  ];
  return await Promise.all(paths.map(async (path) => JSON.stringify(await world.admin.get<App>(path))));
}

// A caller's own token is its to have; everything else that the faces say to strangers is kept here.
async function hostileAnswers(world: World): Promise<readonly string[]> {
  const endpoint = `${world.url}/connections/acme/oauth2/token`;
  const requests: readonly RequestInit[] = [
    {
      method: "POST",
      headers: { authorization: "Basic AAAA" },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    },
    {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: world.caller.clientId,
        client_secret: "wrong",
      }),
    },
    { method: "POST", headers: { "content-type": "application/json" }, body: "{" },
    { method: "GET" },
  ];
  return await Promise.all(requests.map(async (request) => await (await fetch(endpoint, request)).text()));
}

function leaks(secrets: readonly string[], text: string): readonly string[] {
  return secrets.filter((secret) => text.includes(secret)).map((secret) => `${secret.slice(0, 6)}…`);
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
