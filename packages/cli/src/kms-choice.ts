import { EvergrantError, Secret } from "@evergrant/core";
import type { KeyManagementChoice } from "@evergrant/keeper";
import { UsageError } from "./command-failure.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `aws:KEY` or `vault:MOUNT/KEY`, and from the environment, by the names that the services' own tools use, where it is and who we are.
 * @throws kms_misconfigured where a variable is missing
 */
export function kmsChoice(text: string, env: Environment): KeyManagementChoice {
  const at = text.indexOf(":");
  const [kind, key] = [text.slice(0, Math.max(0, at)), text.slice(at + 1)];
  if (key === "") throw wrong(text);
  switch (kind) {
    case "aws":
      return {
        ...{ kind: "aws", key, region: regionOf(key, env), endpoint: env["AWS_ENDPOINT_URL_KMS"] ?? null },
        accessKeyId: required(env, "AWS_ACCESS_KEY_ID"),
        secretAccessKey: new Secret(required(env, "AWS_SECRET_ACCESS_KEY")),
        sessionToken: secretOrNull(env["AWS_SESSION_TOKEN"]),
      };
    case "vault": {
      const parts = key.split("/");
      const name = parts.pop() ?? "";
      if (name === "" || parts.length === 0) throw wrong(text);
      return {
        ...{ kind: "vault", address: required(env, "VAULT_ADDR"), mount: parts.join("/"), key: name },
        token: new Secret(required(env, "VAULT_TOKEN")),
        namespace: env["VAULT_NAMESPACE"] ?? null,
      };
    }
    default:
      throw wrong(text);
  }
}

// An ARN names its region: arn:aws:kms:REGION:ACCOUNT:key/ID.
function regionOf(key: string, env: Environment): string {
  const named = key.startsWith("arn:") ? key.split(":")[3] : undefined;
  return named || env["AWS_REGION"] || required(env, "AWS_DEFAULT_REGION");
}

function required(env: Environment, name: string): string {
  const value = env[name]?.trim();
  if (!value) throw new EvergrantError("kms_misconfigured", { detail: `${name} is not set` });
  return value;
}

const secretOrNull = (text: string | undefined): Secret | null => (text ? new Secret(text) : null);

function wrong(text: string): UsageError {
  return new UsageError(`--kms has the form aws:KEY or vault:MOUNT/KEY, not ${text}.`);
}
