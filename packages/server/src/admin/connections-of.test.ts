import { ADMIN_API, type CreateName } from "@evergrant/contract";
import { describe, expect, it } from "vitest";
import { connectionsOf } from "./connections-of.ts";

const about = (name: CreateName, params: unknown, body: unknown) =>
  connectionsOf(name, { params: ADMIN_API[name].params.parse(params), body: ADMIN_API[name].body.parse(body) });

describe("the connections that a create is about", () => {
  const permissions = ["acme", "other", "acme"].map((connection, n) => ({
    ...{ connection, right: n === 2 ? "consent" : "token" },
  }));

  it.each<[CreateName, unknown, unknown, readonly string[]]>([
    ["createConnection", {}, { name: "acme", app: "books" }, ["acme"]],
    ["createConsentLink", { name: "acme" }, {}, ["acme"]],
    ["beginPastedConsent", { name: "acme" }, undefined, ["acme"]],
    ["addRecipient", {}, { channel: "email", address: "jane@example.com", connection: "acme" }, ["acme"]],
    ["addRecipient", {}, { channel: "email", address: "jane@example.com" }, []],
    ["addCaller", {}, { name: "nightly", permissions }, ["acme", "other"]],
    ["addSecretlessCaller", {}, { name: "nightly", permissions }, ["acme", "other"]],
    ["addApp", {}, { name: "acme", provider: "ledgerly", clientId: "x" }, []],
  ])("%s of %j %j", (name, params, body, connections) => {
    expect(about(name, params, body)).toEqual(connections);
  });
});
