import { describe, expect, it } from "vitest";
import { ADMIN_API, type Operation } from "./admin-api.ts";
import { adminApiDocument } from "./openapi.ts";

interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly required: boolean; readonly content: Record<string, { readonly schema: object }> };
  readonly responses: Record<string, object>;
}

const document = JSON.parse(JSON.stringify(adminApiDocument("1"))) as {
  readonly paths: Record<string, Record<string, Described>>;
};
const described = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

describe("the document of the admin API", () => {
  it("has every operation, under its name, with a sentence and its answer", () => {
    expect(described.map(({ operation }) => operation.operationId).sort()).toEqual(Object.keys(ADMIN_API).sort());
    for (const { operation } of described) {
      const { status }: Operation = ADMIN_API[operation.operationId as keyof typeof ADMIN_API];
      expect(operation.summary).toMatch(/^[A-Z].+\.$/);
      expect(Object.keys(operation.responses)).toEqual([String(status), "default"]);
    }
  });

  it("names each parameter of a path, and says which bodies must be there", () => {
    for (const { path, operation } of described) {
      const inPath = (operation.parameters ?? []).filter((each) => each.in === "path").map(({ name }) => `{${name}}`);
      expect(path.match(/\{\w+\}/g) ?? []).toEqual(inPath);
    }
    const bodyOf = (name: string) =>
      described.find(({ operation }) => operation.operationId === name)?.operation.requestBody;
    expect(bodyOf("createConnection")?.required).toBe(true);
    expect(bodyOf("createConsentLink")?.required).toBe(false);
    expect(bodyOf("disableConnection")).toBeUndefined();
  });
});
