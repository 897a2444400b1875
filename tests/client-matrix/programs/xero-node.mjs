import { XeroClient } from "xero-node";

export function create({ clientId, clientSecret, redirectUri, scope }) {
  const redirectUris = [redirectUri];
  const scopes = scope.split(" ");
  const xero = new XeroClient({ clientId, clientSecret, redirectUris, scopes, state: "a-state", httpTimeout: 30_000 });
  return {
    async consentUrl() {
      await xero.initialize();
      return await xero.buildConsentUrl();
    },
    callback: (url) => xero.apiCallback(url),
    refresh: () => xero.refreshToken(),
    call: () => xero.updateTenants(),
    revoke: () => xero.revokeToken(),
  };
}

export function told(error) {
  // What the API refuses comes as a JSON text instead of an error.
  const { error: code, response } = typeof error === "string" ? JSON.parse(error) : error;
  return {
    code: code ?? null,
    status: response?.statusCode ?? response?.status ?? null,
    retryAfter: response?.headers?.["retry-after"] ?? null,
  };
}
