import type { Secret } from "@evergrant/core";

/** How an app names itself to a token or revocation endpoint. */
export interface ClientIdentity {
  readonly clientId: string;
  /** Null for a public client, which sends its id in the body (RFC 6749 §3.2.1). */
  readonly clientSecret: Secret | null;
  readonly clientAuthentication: "client_secret_basic" | "client_secret_post";
}

/** What client authentication adds to a request: header fields and form parameters. */
export interface ClientCredentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * RFC 6749 §2.3.1. For Basic, id and secret are each form-encoded before they are joined: without that a secret with a colon, a plus
 * or a percent sign means something else at the other end.
 */
export function clientCredentials({ clientId, clientSecret, clientAuthentication }: ClientIdentity): ClientCredentials {
  if (clientSecret === null) return { headers: {}, parameters: { client_id: clientId } };
  switch (clientAuthentication) {
    case "client_secret_basic": {
      const pair = `${formEncoded(clientId)}:${formEncoded(clientSecret.reveal())}`;
      return { headers: { authorization: `Basic ${Buffer.from(pair).toString("base64")}` }, parameters: {} };
    }
    case "client_secret_post":
      return { headers: {}, parameters: { client_id: clientId, client_secret: clientSecret.reveal() } };
  }
}

// application/x-www-form-urlencoded, as RFC 6749 appendix B asks.
function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
