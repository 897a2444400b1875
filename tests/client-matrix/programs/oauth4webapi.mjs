import * as oauth from "oauth4webapi";

export { told } from "./told-by-response.mjs";

const insecure = { [oauth.allowInsecureRequests]: true };

export async function create({ issuer, clientId, clientSecret, redirectUri, scope, resource }) {
  const issuerUrl = new URL(issuer);
  const server = await oauth.processDiscoveryResponse(issuerUrl, await oauth.discoveryRequest(issuerUrl, insecure));
  const client = { client_id: clientId };
  const authentication = oauth.ClientSecretBasic(clientSecret);
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  let tokens;
  return {
    async consentUrl() {
      const url = new URL(server.authorization_endpoint);
      url.search = new URLSearchParams({
        client_id: clientId,
        redirect_uri: redirectUri,
        response_type: "code",
        scope,
        prompt: "consent",
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
      });
      return url.href;
    },
    async callback(url) {
      const parameters = oauth.validateAuthResponse(server, client, new URL(url), state);
      const given = [server, client, authentication, parameters, redirectUri, verifier, insecure];
      const answer = await oauth.authorizationCodeGrantRequest(...given);
      tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, { requireIdToken: true });
    },
    async refresh() {
      const given = [server, client, authentication, tokens.refresh_token, insecure];
      tokens = await oauth.processRefreshTokenResponse(server, client, await oauth.refreshTokenGrantRequest(...given));
    },
    async call() {
      const given = [tokens.access_token, "GET", new URL(resource), undefined, undefined, insecure];
      const answer = await oauth.protectedResourceRequest(...given);
      if (!answer.ok) throw answer;
    },
    async revoke() {
      const given = [server, client, authentication, tokens.refresh_token, insecure];
      await oauth.processRevocationResponse(await oauth.revocationRequest(...given));
    },
  };
}
