import { type Document, OpenAPIBackend } from "openapi-backend";
import { expect, test } from "vitest";
import { createSandbox } from "../index.ts";
import { openApiDocument } from "./openapi.ts";
import { OPERATIONS } from "./operations.ts";

/** The document, read by a library that knows nothing of the sandbox. */
async function aReader() {
  const reader = new OpenAPIBackend({
    definition: JSON.parse(JSON.stringify(openApiDocument())) as Document,
    // It knows how to check documents of 3.0 alone.
    quick: true,
    customizeAjv(ajv) {
      // What the schemas say with a format they also say with a pattern.
      for (const format of ["date-time", "email", "uri"]) ajv.addFormat(format, true);
      return ajv;
    },
  });
  await reader.init();
  return reader;
}

test("the document has every operation under a name of its own, and is served", async () => {
  const reader = await aReader();
  const names = reader.router.getOperations().map(({ operationId }) => operationId ?? "");
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(expect.arrayContaining(OPERATIONS.map(([, , name]) => name)));
  expect(names.length).toBe(OPERATIONS.length + 2);
  await using sandbox = await createSandbox();
  const served = await fetch(`${sandbox.urls.control}/openapi.json`);
  expect(await served.json()).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
});

const fault = { endpoint: "token", point: "before-commit", action: { kind: "drop" } };

test.each([
  ["clock/advance", { by: "61d" }],
  ["clock/advance", { to: "2127-01-01T00:00:00Z" }],
  ["clock/advance", { by: "61 days" }],
  ["clock/advance", { by: "1d", to: 5 }],
  ["clock/advance", {}],
  ["faults", fault],
  ["faults", { ...fault, times: null, probability: 0.5 }],
  ["faults", { ...fault, probability: 2 }],
  ["faults", { ...fault, endpoint: "coffee" }],
  ["faults", { ...fault, action: { kind: "status" } }],
  ["faults", { ...fault, action: { kind: "html" } }],
  ["faults", { ...fault, more: 1 }],
  ["faults/drop-next-refresh", {}],
  ["users", { email: "zoe@demo.example", givenName: "Zoe", familyName: "Z" }],
  ["users", { email: "zoe@demo.example" }],
  ["organisations", { name: "Kauri", countryCode: "NZ", baseCurrency: "NZD" }],
  ["organisations", { name: "Kauri", countryCode: "nz", baseCurrency: "NZD" }],
  ["apps", { name: "A", redirectUris: [], tier: "core" }],
  ["apps", { name: "A", redirectUris: [], tier: "huge" }],
  ["restore", { name: "before", clock: "sideways" }],
])("to %s the document and the sandbox say the same of %o", async (path, body) => {
  const reader = await aReader();
  await using sandbox = await createSandbox();
  const headers = { "content-type": "application/json" };
  const judged = reader.validateRequest({ method: "POST", path: `/${path}`, headers, body, query: {} });
  const text = JSON.stringify(body);
  const answer = await fetch(`${sandbox.urls.control}/${path}`, { method: "POST", headers, body: text });
  const { error } = (await answer.json()) as { readonly error?: { readonly code: string } };
  expect(judged.valid).toBe(error?.code !== "bad_request");
});

test.each([
  [{ "grace.retry": "same" }],
  [{ "grace.retry": "twice" }],
  [{ "grace.seconds": 60 }],
  [{ "grace.seconds": "60" }],
  [{ "grace.max_uses": null }],
  [{ "grace.max_users": 1 }],
])("of the switches %o they say the same", async (patch) => {
  const reader = await aReader();
  await using sandbox = await createSandbox();
  const headers = { "content-type": "application/json" };
  const asked = { method: "PATCH", path: "/switches", headers, body: patch, query: {} };
  const answer = await fetch(`${sandbox.urls.control}/switches`, {
    method: "PATCH",
    headers,
    body: JSON.stringify(patch),
  });
  expect(reader.validateRequest(asked).valid).toBe(answer.status === 200);
});
