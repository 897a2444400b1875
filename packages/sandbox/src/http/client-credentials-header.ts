import type { PresentedClient } from "../engine/index.ts";

/** The readings of `Authorization: Basic …`: form-encoded as RFC 6749 §2.3.1 says, and raw as most clients do. */
export function readBasic(header: string | undefined): readonly PresentedClient[] | null {
  const encoded = /^basic +([A-Za-z0-9+/_=-]*)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) return [];
  const raw = { clientId: text.slice(0, colon), secret: text.slice(colon + 1) };
  const decoded = { clientId: formDecode(raw.clientId), secret: formDecode(raw.secret) };
  return decoded.clientId === null || decoded.secret === null
    ? [raw]
    : [raw, { clientId: decoded.clientId, secret: decoded.secret }];
}

function formDecode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
}

/** The token of `Authorization: Bearer …`, or null. */
export const readBearer = (header: string | undefined): string | null =>
  /^bearer +([^\s]+)$/i.exec(header ?? "")?.[1] ?? null;
