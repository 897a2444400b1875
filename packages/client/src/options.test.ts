import { expect, it } from "vitest";
import { createClient } from "./create-client.ts";
import type { ClientOptions } from "./options.ts";

const right = { url: "https://evergrant.example/", clientId: "nightly", clientSecret: "s3cret" };
const codeOf = (make: () => unknown): string => {
  try {
    make();
    return "made";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

it("takes https, http on loopback, and an issuer", () => {
  for (const more of [
    right,
    { ...right, url: "http://localhost:4180" },
    { ...right, url: "http://127.0.0.1:4180" },
    { ...right, url: undefined, issuer: "https://evergrant.example/connections/acme" },
  ])
    expect(codeOf(() => createClient(more as ClientOptions))).toBe("made");
});

it.each([
  { url: "http://evergrant.example" },
  { url: "http://localhost.evil.example" },
  { url: "https://me:secret@evergrant.example" },
  { url: "https://evergrant.example/?x" },
  { url: "nonsense" },
  { url: undefined },
  { issuer: "https://evergrant.example/connections/acme" },
  { url: undefined, issuer: "https://evergrant.example" },
  { url: undefined, issuer: "https://evergrant.example/connections/a%2fb" },
  { connection: "../admin" },
  { clientId: "" },
  { clientSecret: "" },
  { apiOrigins: ["http://api.example"] },
  { apiOrigins: ["https://api.example/path"] },
])("refuses %o", (more) => {
  expect(codeOf(() => createClient({ ...right, ...more } as ClientOptions))).toBe("client_misconfigured");
});

it("says that a connection has to be named, and refuses a name that is none", async () => {
  const client = createClient(right);
  await expect(client.accessToken()).rejects.toMatchObject({ code: "client_connection_missing" });
  await expect(client.accessToken({ connection: "../x" })).rejects.toMatchObject({ code: "client_misconfigured" });
});
