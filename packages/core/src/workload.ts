import type { WorkloadRule } from "./assertion.ts";

/**
 * A workload whose platform says who it is. `subject` and the like are compared character for character: there are no wildcards.
 */
export type WorkloadIdentity =
  | {
      readonly kind: "kubernetes";
      readonly issuer: string;
      readonly audience: string;
      readonly namespace: string;
      readonly serviceAccount: string;
    }
  | {
      readonly kind: "github-actions";
      readonly issuer: string;
      readonly audience: string;
      /** Ids, not names: a name can be given up and taken by somebody else. */
      readonly repositoryId: string;
      readonly ownerId: string;
      /** What else has to be so, as in `{ "environment": "production" }`. */
      readonly claims: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: "oidc";
      readonly issuer: string;
      readonly audience: string;
      readonly subject: string;
      readonly claims: Readonly<Record<string, string>>;
    };

/** What an assertion has to say to be this workload's. */
export function ruleOf(workload: WorkloadIdentity): WorkloadRule {
  const { issuer, audience } = workload;
  return { issuer, audience, claims: claimsOf(workload) };
}

/** Why a workload cannot be trusted as it is described; null where it can. */
export function flawOfWorkload(workload: WorkloadIdentity): string | null {
  const { issuer, audience } = workload;
  const parts = { issuer, audience, ...claimsOf(workload) };
  for (const [name, value] of Object.entries(parts)) {
    if (value.length === 0 || value.length > LONGEST_VALUE)
      return `${name} has to have 1 to ${LONGEST_VALUE} characters`;
    if (value.includes("*")) return `${name} is compared character for character: there are no wildcards`;
  }
  const reserved = "claims" in workload ? Object.keys(workload.claims).find((name) => RESERVED.has(name)) : undefined;
  if (reserved !== undefined) return `${reserved} is not for claims to say`;
  switch (workload.kind) {
    case "kubernetes":
      return [workload.namespace, workload.serviceAccount].every((name) => KUBERNETES_NAME.test(name))
        ? null
        : "namespace and service account are names as Kubernetes takes them";
    case "github-actions":
      return [workload.repositoryId, workload.ownerId].every((id) => /^\d{1,20}$/.test(id))
        ? null
        : "repository and owner are named by their ids, which are numbers";
    case "oidc":
      return null;
  }
}

const LONGEST_VALUE = 500;
const RESERVED: ReadonlySet<string> = new Set(["iss", "aud", "exp", "nbf", "iat", "jti"]);
const KUBERNETES_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

function claimsOf(workload: WorkloadIdentity): Readonly<Record<string, string>> {
  switch (workload.kind) {
    case "kubernetes":
      return { sub: `system:serviceaccount:${workload.namespace}:${workload.serviceAccount}` };
    case "github-actions":
      return { ...workload.claims, repository_id: workload.repositoryId, repository_owner_id: workload.ownerId };
    case "oidc":
      return { ...workload.claims, sub: workload.subject };
  }
}
