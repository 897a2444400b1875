import { Strategy } from "passport-oauth2";

export function create({ endpoints, clientId, clientSecret, redirectUri, scope }) {
  const session = {};
  const options = {
    authorizationURL: endpoints.authorization,
    tokenURL: endpoints.token,
    clientID: clientId,
    clientSecret,
    callbackURL: redirectUri,
    scope,
    state: true,
    pkce: true,
  };
  const strategy = new Strategy(options, (accessToken, refreshToken, _profile, done) =>
    done(null, { accessToken, refreshToken }),
  );
  return {
    consentUrl: () => authenticate(strategy, { session, query: {} }),
    callback: (url) => authenticate(strategy, { session, query: Object.fromEntries(new URL(url).searchParams) }),
  };
}

// As passport runs a strategy for one request.
function authenticate(strategy, request) {
  return new Promise((resolve, reject) => {
    const run = Object.create(strategy);
    run.redirect = resolve;
    run.success = resolve;
    run.error = reject;
    run.fail = (challenge) => reject(new Error(String(challenge?.message ?? challenge)));
    run.authenticate(request, {});
  });
}

export function told({ code, oauthError }) {
  return { code: code ?? null, status: oauthError?.statusCode ?? null, retryAfter: null };
}
