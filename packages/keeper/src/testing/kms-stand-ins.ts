import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** What stands in for a key-management service: a real HTTP server on this machine that checks who asks. */
export interface KmsStandIn extends AsyncDisposable {
  readonly url: string;
  /** Each request that was believed: what was asked. */
  readonly asked: string[];
  /** What it answers instead, until it is taken back; `silence` never answers. */
  instead: { readonly status: number; readonly body: string } | "silence" | null;
}

export const AWS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "aws-secret-canary", region: "eu-west-1" } as const;
export const AWS_KEY = "arn:aws:kms:eu-west-1:111122223333:key/kek";
export const VAULT_TOKEN = "vault-token-canary";

/** AWS KMS: believes a request only if its Signature Version 4 is right, computed here from what arrived. */
export async function awsStandIn(nowMs: () => number): Promise<KmsStandIn> {
  const box = new Box();
  return await standIn((request, text) => {
    const refusal = flawOfSignature(request, text, nowMs());
    if (refusal !== null) return { status: 403, body: { __type: `com.amazonaws.kms#${refusal}`, message: "no" } };
    const body = JSON.parse(text) as Record<string, unknown>;
    const action = String(request.headers["x-amz-target"]).replace("TrentService.", "");
    const context = JSON.stringify(body["EncryptionContext"] ?? {});
    if (body["KeyId"] !== AWS_KEY) return { status: 400, body: { __type: "NotFoundException" } };
    if (action === "Encrypt")
      return { status: 200, body: { CiphertextBlob: box.close(String(body["Plaintext"]), context), KeyId: AWS_KEY } };
    const plain = box.open(String(body["CiphertextBlob"]), context);
    return plain === null
      ? { status: 400, body: { __type: "InvalidCiphertextException" } }
      : { status: 200, body: { Plaintext: plain, KeyId: AWS_KEY } };
  });
}

/** Vault's Transit engine at `transit`, with the key `evergrant`: believes whoever has the token. */
export async function vaultStandIn(): Promise<KmsStandIn> {
  const box = new Box();
  return await standIn((request, text) => {
    if (request.headers["x-vault-token"] !== VAULT_TOKEN)
      return { status: 403, body: { errors: ["permission denied"] } };
    const body = JSON.parse(text) as Record<string, unknown>;
    const context = String(body["associated_data"] ?? "");
    switch (request.url) {
      case "/v1/transit/encrypt/evergrant":
        return {
          status: 200,
          body: { data: { ciphertext: `vault:v1:${box.close(String(body["plaintext"]), context)}` } },
        };
      case "/v1/transit/decrypt/evergrant": {
        const plaintext = box.open(String(body["ciphertext"]).replace("vault:v1:", ""), context);
        return plaintext === null
          ? { status: 400, body: { errors: ["cipher: message authentication failed"] } }
          : { status: 200, body: { data: { plaintext } } };
      }
      default:
        return { status: 404, body: { errors: [] } };
    }
  });
}

type Reply = { readonly status: number; readonly body: unknown };

async function standIn(reply: (request: IncomingMessage, text: string) => Reply): Promise<KmsStandIn> {
  const asked: string[] = [];
  const state: { instead: KmsStandIn["instead"] } = { instead: null };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    if (state.instead === "silence") return;
    if (state.instead !== null) return void response.writeHead(state.instead.status).end(state.instead.body);
    const { status, body } = reply(request, text);
    if (status === 200) asked.push(`${request.headers["x-amz-target"] ?? request.url}`);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    get instead() {
      return state.instead;
    },
    set instead(instead) {
      state.instead = instead;
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The key that never leaves the service. */
class Box {
  readonly #key = randomBytes(32);

  close(plain: string, context: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(context));
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString("base64");
  }

  open(text: string, context: string): string | null {
    const bytes = Buffer.from(text, "base64");
    try {
      const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(0, 12)).setAAD(Buffer.from(context));
      decipher.setAuthTag(bytes.subarray(-16));
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString("utf8");
    } catch {
      return null;
    }
  }
}

// AWS Signature Version 4, "Create a signed AWS API request": written from the description, not with the library that signs.
function flawOfSignature(request: IncomingMessage, body: string, nowMs: number): string | null {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/kms\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
  const [, key, day = "", region = "", names = "", signature] = pattern.exec(request.headers.authorization ?? "") ?? [];
  const atText = String(request.headers["x-amz-date"]);
  const at = Date.parse(atText.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (key !== AWS.accessKeyId || region !== AWS.region || !atText.startsWith(day)) return "UnrecognizedClientException";
  if (!(Math.abs(at - nowMs) < 300_000)) return "RequestExpired";
  for (const needed of ["host", "x-amz-date", "x-amz-target"])
    if (!names.split(";").includes(needed)) return "IncompleteSignature";
  const headers = names.split(";").map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const canonical = ["POST", request.url, "", headers.join(""), names, sha256(body)].join("\n");
  const scope = `${day}/${region}/kms/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", atText, scope, sha256(canonical)].join("\n");
  const signingKey = [day, region, "kms", "aws4_request"].reduce<string | Buffer>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    `AWS4${AWS.secretAccessKey}`,
  );
  const right = createHmac("sha256", signingKey).update(toSign).digest("hex");
  return signature === right ? null : "InvalidSignatureException";
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
