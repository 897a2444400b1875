import { generateCodeVerifier, OAuth2Client, OAuth2Fetch } from "@badgateway/oauth2-client";

export async function create({ endpoints, clientId, clientSecret, redirectUri, scope, resource, kept }) {
  const client = new OAuth2Client({
    clientId,
    clientSecret,
    authorizationEndpoint: endpoints.authorization,
    tokenEndpoint: endpoints.token,
    revocationEndpoint: endpoints.revocation,
  });
  const state = "a-state";
  const codeVerifier = await generateCodeVerifier();
  // Nobody sits at a browser when the job runs: there is no other way to a new token.
  const wrap = (token) => new OAuth2Fetch({ client, getStoredToken: () => token, getNewToken: () => null });
  let wrapper = kept ? wrap(JSON.parse(kept)) : undefined;
  return {
    consentUrl: () =>
      client.authorizationCode.getAuthorizeUri({
        redirectUri,
        state,
        codeVerifier,
        scope: scope.split(" "),
        extraParams: { prompt: "consent" },
      }),
    async callback(url) {
      const checks = { redirectUri, state, codeVerifier };
      wrapper = wrap(await client.authorizationCode.getTokenFromCodeRedirect(url, checks));
      await wrapper.getAccessToken();
    },
    refresh: () => wrapper.refreshToken(),
    async call() {
      const answer = await wrapper.fetch(resource);
      if (!answer.ok) throw answer;
    },
    // Its timer refreshes by itself for as long as its process lives.
    kept: async () => JSON.stringify(await wrapper.getToken()),
    revoke: async () => client.revoke(await wrapper.getToken(), "refresh_token"),
  };
}

export function told(error) {
  const response = error instanceof Response ? error : error.response;
  return {
    code: error.oauth2Code ?? null,
    status: response?.status ?? null,
    retryAfter: response?.headers?.get("retry-after") ?? null,
  };
}
