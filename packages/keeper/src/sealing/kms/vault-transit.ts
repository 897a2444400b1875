import { EvergrantError } from "@evergrant/core";
import { askKms, checkKmsAddress } from "./ask-kms.ts";
import type { KeyManagement, KeyManagementChoice } from "./key-management.ts";

type Vault = Extract<KeyManagementChoice, { kind: "vault" }>;

/**
 * The Transit engine of Vault (and OpenBao): encrypt and decrypt by a key of an authenticated kind. The id of our key is associated data,
 * so that no ciphertext opens in the place of another.
 * Source: Vault API documentation, Transit secrets engine, Encrypt data, Decrypt data.
 */
export function vaultTransit(choice: Vault, timeoutMs?: number): KeyManagement {
  checkKmsAddress(choice.address);
  const ask = async (action: "encrypt" | "decrypt", body: object) => {
    const { mount, key, token, namespace } = choice;
    const path = [mount, action, key].map((part) => part.split("/").map(encodeURIComponent).join("/")).join("/");
    const { data } = await askKms("Vault", {
      url: `${choice.address.replace(/\/+$/, "")}/v1/${path}`,
      headers: {
        ...{ "content-type": "application/json", "x-vault-token": token.reveal(), "x-vault-request": "true" },
        ...(namespace === null ? {} : { "x-vault-namespace": namespace }),
      },
      body: JSON.stringify(body),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    return typeof data === "object" && data !== null ? (data as Readonly<Record<string, unknown>>) : {};
  };
  return {
    encrypt: async (keyId, plain) => {
      const { ciphertext } = await ask("encrypt", {
        ...{ plaintext: Buffer.from(plain).toString("base64"), associated_data: contextOf(keyId) },
      });
      if (typeof ciphertext !== "string" || !/^vault:v\d+:[A-Za-z0-9+/=]+$/.test(ciphertext)) throw unreadable();
      return ciphertext;
    },
    decrypt: async (keyId, ciphertext) => {
      const { plaintext } = await ask("decrypt", { ciphertext, associated_data: contextOf(keyId) });
      if (typeof plaintext !== "string") throw unreadable();
      return Buffer.from(plaintext, "base64");
    },
  };
}

const contextOf = (keyId: string) => Buffer.from(`evergrant-key-ring/${keyId}`).toString("base64");

function unreadable(): EvergrantError {
  return new EvergrantError("kms_unavailable", { detail: "Vault: its answer cannot be read" });
}
