import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";

export interface OpenIdIssuer extends AsyncDisposable {
  readonly issuer: string;
  /** Our client there. */
  readonly client: { readonly clientId: string; readonly clientSecret: string };
  /** Where people may be sent back to, from now on. */
  sendBackTo(redirectUri: string): void;
}

const CLIENT = { clientId: "evergrant-console", clientSecret: "the-secret-of-the-console-at-its-issuer" };

/**
 * `oidc-provider`, a certified server, on a free port: whoever logs in as `jane` is `jane` with the address `jane@demo.example`,
 * which it has verified unless the name begins with `unverified`.
 */
export async function anOpenIdIssuer(): Promise<OpenIdIssuer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  let redirectUri = `${issuer}/nowhere`;
  let listener = providerAt(issuer, redirectUri).callback();
  server.on("request", (request, response) => listener(request, response));
  return {
    ...{ issuer, client: CLIENT },
    sendBackTo: (uri) => {
      redirectUri = uri;
      listener = providerAt(issuer, redirectUri).callback();
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function providerAt(issuer: string, redirectUri: string): Provider {
  return new Provider(issuer, {
    clients: [
      {
        ...{ client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, redirect_uris: [redirectUri] },
        ...{ grant_types: ["authorization_code"], response_types: ["code"] },
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, email: `${sub}@demo.example`, email_verified: !sub.startsWith("unverified") }),
    }),
    features: { devInteractions: { enabled: true } },
    pkce: { required: () => true },
    cookies: { keys: ["for cookies of a test"] },
  });
}
