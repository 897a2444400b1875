import { EvergrantError } from "@evergrant/core";
import { AwsV4Signer } from "aws4fetch";
import type { Time } from "../../ports/time.ts";
import { askKms, checkKmsAddress } from "./ask-kms.ts";
import type { KeyManagement, KeyManagementChoice } from "./key-management.ts";

type Aws = Extract<KeyManagementChoice, { kind: "aws" }>;

/**
 * AWS KMS: Encrypt and Decrypt of a symmetric key, signed with Signature Version 4. The id of our key is the encryption context, so that
 * no ciphertext opens in the place of another.
 * Source: AWS KMS API reference, Encrypt, Decrypt; AWS Signature Version 4.
 */
export function awsKms(choice: Aws, time: Pick<Time, "wallMs">, timeoutMs?: number): KeyManagement {
  const url = `${(choice.endpoint ?? `https://kms.${choice.region}.amazonaws.com`).replace(/\/+$/, "")}/`;
  checkKmsAddress(url);
  const ask = async (action: "Encrypt" | "Decrypt", body: object) => {
    const text = JSON.stringify(body);
    const headers = await signed(choice, { url, action, body: text, atMs: time.wallMs() });
    return await askKms("AWS KMS", { url, headers, body: text, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  };
  return {
    encrypt: async (keyId, plain) => {
      const { CiphertextBlob: cipher } = await ask("Encrypt", {
        ...{ KeyId: choice.key, Plaintext: Buffer.from(plain).toString("base64"), EncryptionContext: contextOf(keyId) },
      });
      if (typeof cipher !== "string" || !/^[A-Za-z0-9+/=]+$/.test(cipher)) throw unreadable();
      return cipher;
    },
    decrypt: async (keyId, cipher) => {
      const { Plaintext: plain } = await ask("Decrypt", {
        ...{ KeyId: choice.key, CiphertextBlob: cipher, EncryptionContext: contextOf(keyId) },
      });
      if (typeof plain !== "string") throw unreadable();
      return Buffer.from(plain, "base64");
    },
  };
}

async function signed(
  { accessKeyId, secretAccessKey, sessionToken, region }: Aws,
  request: { url: string; action: string; body: string; atMs: number },
): Promise<Record<string, string>> {
  const signer = new AwsV4Signer({
    ...{ method: "POST", url: request.url, body: request.body, service: "kms", region },
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `TrentService.${request.action}` },
    ...{ accessKeyId, secretAccessKey: secretAccessKey.reveal() },
    ...(sessionToken === null ? {} : { sessionToken: sessionToken.reveal() }),
    datetime: new Date(request.atMs).toISOString().replaceAll(/[:-]|\.\d{3}/g, ""),
    allHeaders: true,
  });
  return Object.fromEntries((await signer.sign()).headers);
}

const contextOf = (keyId: string) => ({ purpose: "evergrant-key-ring", key: keyId });

function unreadable(): EvergrantError {
  return new EvergrantError("kms_unavailable", { detail: "AWS KMS: its answer cannot be read" });
}
