import { expect, test } from "vitest";
import { readApiPath } from "./api-path.ts";
import { type ApiCall, covers, type Narrowing } from "./narrowing.ts";

const call = (more: Partial<ApiCall> = {}): ApiCall => ({
  method: "GET",
  path: readApiPath("/api/Invoices/7") ?? expect.unreachable(),
  tenant: "T-1",
  ...more,
});
const all: Narrowing = { tenants: null, methods: null, paths: null };

test.each<[string, Narrowing, Partial<ApiCall>, boolean]>([
  ["nothing narrowed", all, {}, true],
  ["nothing narrowed, and no organisation", all, { tenant: null }, true],
  ["its organisation", { ...all, tenants: ["t-1"] }, {}, true],
  ["another organisation", { ...all, tenants: ["t-2"] }, {}, false],
  ["an organisation, and a call that is about none", { ...all, tenants: ["t-1"] }, { tenant: null }, false],
  ["its method", { ...all, methods: ["GET"] }, {}, true],
  ["another method", { ...all, methods: ["GET"] }, { method: "POST" }, false],
  ["a method in small letters", { ...all, methods: ["GET"] }, { method: "get" }, false],
  ["its path", { ...all, paths: ["/b", "/api/Invoices/**"] }, {}, true],
  ["another path", { ...all, paths: ["/api/Contacts/**"] }, {}, false],
  ["one respect of three that does not fit", { tenants: ["T-1"], methods: ["GET"], paths: ["/x"] }, {}, false],
  ["nothing allowed", { ...all, paths: [] }, {}, false],
])("%s", (_what, narrowing, more, covered) => expect(covers(narrowing, call(more))).toBe(covered));
