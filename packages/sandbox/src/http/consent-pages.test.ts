import { expect, test } from "vitest";
import { createSandbox, DEMO_REDIRECT_URI as redirect_uri } from "../index.ts";
import { aPerson, authorizeUrl } from "../testing/person.ts";

test.each([
  ["an unknown client", { client_id: "nobody" }, "unauthorized_client : Unknown client or client not enabled"],
  ["a foreign redirect URI", { redirect_uri: "https://evil.example/cb" }, "unauthorized_client : Invalid redirect_uri"],
  ["a longer redirect URI", { redirect_uri: `${redirect_uri}/more` }, "unauthorized_client : Invalid redirect_uri"],
  ["an unknown scope", { scope: "accounting.everything" }, "unauthorized_client : Invalid scope for client"],
  ["an app-level scope", { scope: "app.connections" }, "invalid_scope : Invalid scope for client"],
  ["no scope", { scope: "" }, "invalid_scope : Missing scope"],
  ["another response type", { response_type: "token" }, "unsupported_response_type : "],
  [
    "plain PKCE",
    { code_challenge: "x".repeat(43), code_challenge_method: "plain" },
    "invalid_request : Transform algorithm not supported",
  ],
])("%s ends on Xero's own page and is not redirected", async (_title, change, text) => {
  await using sandbox = await createSandbox();
  const answer = await aPerson("jane@demo.example").opens(authorizeUrl(sandbox, change));
  expect([answer.status, answer.headers.get("location")]).toEqual([400, null]);
  const page = await answer.text();
  expect(page).toContain("Error code: 500");
  expect(page).toContain(`Error: ${text}`);
});

test("a wrong password is told, and a right one leads to the organisations with roles", async () => {
  await using sandbox = await createSandbox();
  const jane = aPerson("jane@demo.example");
  const failed = await jane.logsIn(await jane.opens(authorizeUrl(sandbox)), "wrong");
  expect([failed.status, await failed.clone().text()]).toEqual([
    401,
    expect.stringContaining("Your email or password is incorrect."),
  ]);
  const page = await (await jane.logsIn(failed)).text();
  for (const text of [
    "Demo Company (NZ)",
    "Maple Florists (AU)",
    "Adviser.",
    "Allow access",
    "Cancel",
    "Use another account",
  ])
    expect(page).toContain(text);
});

test("declining goes back with access_denied and the state", async () => {
  await using sandbox = await createSandbox();
  const answer = await aPerson("jane@demo.example").decides(authorizeUrl(sandbox), { decision: "cancel" });
  expect(answer.headers.get("location")).toBe(`${redirect_uri}?error=access_denied&state=s`);
});

test("state is sent back only if it was sent, and session_state always", async () => {
  await using sandbox = await createSandbox();
  const url = authorizeUrl(sandbox).replace("&state=s", "");
  const callback = await aPerson("sam@demo.example").consents(url, "Demo Company (NZ)");
  expect([...callback.searchParams.keys()].sort()).toEqual(["code", "session_state"]);
});

test.each(["rita@demo.example", "ivan@demo.example"])(
  "%s may not connect, is told why, and cannot by a forged form",
  async (email) => {
    await using sandbox = await createSandbox();
    const person = aPerson(email);
    const page = await (await person.reachesConsent(authorizeUrl(sandbox))).text();
    expect(page).toContain("may not connect apps");
    expect(page).not.toContain("Allow access");
    const organisation = sandbox.control.organisations().find((each) => each.name === "Demo Company (NZ)")?.id ?? "";
    const forged = await person.decides(authorizeUrl(sandbox), { decision: "allow", organisation });
    expect([forged.status, sandbox.control.connections()]).toEqual([400, []]);
  },
);

test("a connected organisation is greyed; Continue gives a new code and renews the connection", async () => {
  await using sandbox = await createSandbox();
  const jane = aPerson("jane@demo.example");
  await jane.consents(authorizeUrl(sandbox), "Demo Company (NZ)");
  const [before] = sandbox.control.connections();
  await sandbox.control.advance({ by: "1h" });
  expect(await (await jane.reachesConsent(authorizeUrl(sandbox))).text()).toContain("Connected.");
  const again = await jane.consents(authorizeUrl(sandbox), null);
  expect(again.searchParams.get("code")).not.toBeNull();
  const [after] = sandbox.control.connections();
  expect(after).toMatchObject({ id: before?.id, authEventId: before?.authEventId, createdAtMs: before?.createdAtMs });
  expect(after?.updatedAtMs).toBeGreaterThan(before?.updatedAtMs ?? 0);
});

test("a form that another site made is refused", async () => {
  await using sandbox = await createSandbox();
  const jane = aPerson("jane@demo.example");
  await jane.reachesConsent(authorizeUrl(sandbox));
  const request = new URL(authorizeUrl(sandbox)).search.slice(1);
  const organisation = sandbox.control.organisations()[0]?.id ?? "";
  for (const csrf of ["", "x".repeat(43)]) {
    const forged = await jane.opens(`${sandbox.urls.login}/identity/connect/consent`, {
      request,
      csrf,
      decision: "allow",
      organisation,
    });
    expect(forged.status).toBe(403);
  }
  expect(sandbox.control.connections()).toEqual([]);
});

test("names on the pages are text, not markup", async () => {
  await using sandbox = await createSandbox();
  const { clientId } = sandbox.control.createApp({ name: '<script>alert("x")</script>', redirectUris: [redirect_uri] });
  const page = await (
    await aPerson("jane@demo.example").reachesConsent(authorizeUrl(sandbox, { client_id: clientId }))
  ).text();
  expect(page).not.toContain("<script>");
  expect(page).toContain("&lt;script&gt;");
});

test("prompt=login asks a person who is logged in, once", async () => {
  await using sandbox = await createSandbox();
  const jane = aPerson("jane@demo.example");
  await jane.reachesConsent(authorizeUrl(sandbox));
  const asked = await jane.opens(authorizeUrl(sandbox, { prompt: "login" }));
  expect(await asked.clone().text()).toContain("Password");
  expect(await (await jane.logsIn(asked)).text()).toContain("Allow access");
});

test("with the standard's errors, what is wrong goes back to the app, but never to an address that is not its own", async () => {
  await using sandbox = await createSandbox({ switches: { "authorize.errors": "redirect", "callback.iss": true } });
  const jane = aPerson("jane@demo.example");
  const told = await jane.opens(authorizeUrl(sandbox, { scope: "accounting.everything" }));
  const callback = new URL(told.headers.get("location") ?? "");
  expect([told.status, `${callback.origin}${callback.pathname}`]).toEqual([302, redirect_uri]);
  expect(Object.fromEntries(callback.searchParams)).toEqual({
    error: "invalid_scope",
    error_description: "Invalid scope for client",
    state: "s",
    iss: sandbox.urls.identity,
  });
  for (const change of [{ client_id: "nobody" }, { redirect_uri: "https://evil.example/cb" }]) {
    const shown = await jane.opens(authorizeUrl(sandbox, change));
    expect([shown.status, shown.headers.get("location")]).toEqual([400, null]);
  }
});

test("prompt=none shows no page: login_required, then consent_required", async () => {
  await using sandbox = await createSandbox();
  const jane = aPerson("jane@demo.example");
  const error = async () => {
    const answer = await jane.opens(authorizeUrl(sandbox, { prompt: "none" }));
    return new URL(answer.headers.get("location") ?? "").searchParams.get("error");
  };
  expect(await error()).toBe("login_required");
  await jane.reachesConsent(authorizeUrl(sandbox));
  expect(await error()).toBe("consent_required");
});
