import { describe, expect, test } from "vitest";
import { flawOfWorkload, ruleOf, type WorkloadIdentity } from "./workload.ts";

const cluster = { issuer: "https://cluster.example", audience: "https://tokens.example" };
const pod: WorkloadIdentity = { kind: "kubernetes", ...cluster, namespace: "books", serviceAccount: "night-job" };
const actions: WorkloadIdentity = {
  ...{ kind: "github-actions", issuer: "https://token.actions.githubusercontent.com", audience: cluster.audience },
  ...{ repositoryId: "42", ownerId: "7", claims: { environment: "production" } },
};
const any: WorkloadIdentity = { kind: "oidc", ...cluster, subject: "job-1", claims: {} };

test("what an assertion has to say follows from the kind of workload", () => {
  expect(ruleOf(pod)).toEqual({ ...cluster, claims: { sub: "system:serviceaccount:books:night-job" } });
  expect(ruleOf(actions).claims).toEqual({ environment: "production", repository_id: "42", repository_owner_id: "7" });
  expect(ruleOf(any).claims).toEqual({ sub: "job-1" });
  // What is said for all of its kind is not to be outdone by a claim beside it.
  const claims = { repository_id: "1", sub: "2" };
  expect(ruleOf({ ...actions, claims }).claims).toEqual({ sub: "2", repository_id: "42", repository_owner_id: "7" });
  expect(ruleOf({ ...any, claims: { sub: "other" } }).claims).toEqual({ sub: "job-1" });
});

describe("a workload is not described by", () => {
  test.each<[string, WorkloadIdentity]>([
    ["a wildcard", { ...any, subject: "repo:acme/*" }],
    ["nothing", { ...any, subject: "" }],
    ["a text without end", { ...any, subject: "x".repeat(501) }],
    ["an audience of nothing", { ...any, audience: "" }],
    ["a claim of nothing", { ...any, claims: { role: "" } }],
    ["claims that have a rule of their own", { ...any, claims: { aud: "x" } }],
    ["a repository's name", { ...actions, repositoryId: "acme/books" }],
    ["no owner", { ...actions, ownerId: "" }],
    ["a namespace with a colon", { ...pod, namespace: "books:default" }],
    ["a service account of nothing", { ...pod, serviceAccount: "" }],
  ])("%s", (_, workload) => {
    expect(flawOfWorkload(workload)).toEqual(expect.any(String));
  });

  test("and is by what its platform calls it", () => {
    expect([pod, actions, any].map(flawOfWorkload)).toEqual([null, null, null]);
  });
});
