import type { ConnectionId } from "@evergrant/core";
import { expect, it, test } from "vitest";
import type { PermissionName } from "./access.ts";
import { permissionsOf, permissionWords } from "./permissions.ts";

const connections = { idOf: (name: string) => (name === "acme" ? ("cn_1" as ConnectionId) : undefined) };
const only = { tenants: ["t-1"], methods: ["GET"], paths: ["/a/**"] };
const all = { tenants: null, methods: null, paths: null };
const resolve = (...names: PermissionName[]) => permissionsOf(connections, names);

it("is kept by the id of its connection, narrowed or not", () => {
  expect(resolve({ connection: "acme", right: "gateway", only }, { connection: "acme", right: "consent" })).toEqual([
    { connection: "cn_1", right: "gateway", only },
    { connection: "cn_1", right: "consent" },
  ]);
});

test.each(["token", "forward", "observe", "consent"] as const)(
  "a narrowed %s is refused, and says what to give instead",
  (right) => {
    expect(() => resolve({ connection: "acme", right, only })).toThrow(
      expect.objectContaining({
        code: "permission_not_narrowable",
        message: expect.stringContaining("give the right gateway instead"),
      }),
    );
  },
);

test.each(["token", "forward"] as const)("a narrowed gateway beside %s would hold nobody to anything", (right) => {
  const names: PermissionName[] = [
    { connection: "acme", right },
    { connection: "acme", right: "gateway", only },
  ];
  expect(() => resolve(...names)).toThrow(expect.objectContaining({ code: "permission_not_narrowable" }));
  expect(() => resolve({ connection: "acme", right }, { connection: "acme", right: "gateway" })).not.toThrow();
});

test.each([
  ["nothing", all],
  ["a method in small letters", { ...all, methods: ["get"] }],
  ["a path that is no pattern", { ...all, paths: ["/a/**/b"] }],
  ["a path that climbs", { ...all, paths: ["/a/../b"] }],
  ["an organisation with a space", { ...all, tenants: ["t 1"] }],
])("narrowing to %s is refused", (_what, wrong) => {
  expect(() => resolve({ connection: "acme", right: "gateway", only: wrong })).toThrow(
    expect.objectContaining({ code: "narrowing_invalid" }),
  );
});

it("is one word in the audit", () => {
  expect(permissionWords({ connection: "acme", right: "token" })).toBe("token:acme");
  expect(permissionWords({ connection: "acme", right: "gateway", only })).toBe(
    "gateway:acme[tenants=t-1;methods=GET;paths=/a/**]",
  );
});
