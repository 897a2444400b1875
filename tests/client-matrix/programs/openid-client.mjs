import * as oidc from "openid-client";

export { told } from "./told-by-response.mjs";

export async function create({ issuer, clientId, clientSecret, redirectUri, scope, resource }) {
  const authentication = oidc.ClientSecretBasic(clientSecret);
  const options = { execute: [oidc.allowInsecureRequests] };
  const configuration = await oidc.discovery(new URL(issuer), clientId, undefined, authentication, options);
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const expectedState = oidc.randomState();
  let tokens;
  return {
    async consentUrl() {
      return oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope,
        prompt: "consent",
        state: expectedState,
        code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: "S256",
      }).href;
    },
    async callback(url) {
      const checks = { pkceCodeVerifier, expectedState, idTokenExpected: true };
      tokens = await oidc.authorizationCodeGrant(configuration, new URL(url), checks);
    },
    async refresh() {
      tokens = await oidc.refreshTokenGrant(configuration, tokens.refresh_token);
    },
    async call() {
      const answer = await oidc.fetchProtectedResource(configuration, tokens.access_token, new URL(resource), "GET");
      if (!answer.ok) throw answer;
    },
    revoke: () => oidc.tokenRevocation(configuration, tokens.refresh_token),
  };
}
