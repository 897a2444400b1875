import { AuthorizationCode } from "simple-oauth2";

export function create({ endpoints, clientId, clientSecret, redirectUri, scope }) {
  const authorization = new URL(endpoints.authorization);
  const client = new AuthorizationCode({
    client: { id: clientId, secret: clientSecret },
    auth: {
      tokenHost: new URL(endpoints.token).origin,
      tokenPath: new URL(endpoints.token).pathname,
      revokePath: new URL(endpoints.revocation).pathname,
      authorizeHost: authorization.origin,
      authorizePath: authorization.pathname,
    },
  });
  let token;
  return {
    consentUrl: () => client.authorizeURL({ redirect_uri: redirectUri, scope, state: "a-state", prompt: "consent" }),
    async callback(url) {
      token = await client.getToken({ code: new URL(url).searchParams.get("code"), redirect_uri: redirectUri });
    },
    async refresh() {
      token = await token.refresh();
    },
    revoke: () => token.revokeAll(),
  };
}

export function told({ data }) {
  return {
    code: data?.payload?.error ?? null,
    status: data?.res?.statusCode ?? null,
    retryAfter: data?.res?.headers["retry-after"] ?? null,
  };
}
