// Preloaded into a client: connections to Xero's three hosts go to a sandbox on this machine, server name and all
// else unchanged. The client itself stays as it was published.
const tls = require("node:tls");
const port = Number(process.env.EVERGRANT_SANDBOX_TLS_PORT);
const hosts = new Set(["login.xero.com", "identity.xero.com", "api.xero.com"]);
const connect = tls.connect;

tls.connect = function connectToSandbox(...args) {
  const options = args.find((arg) => typeof arg === "object" && arg !== null);
  const name = options?.host ?? options?.hostname ?? options?.servername;
  if (options !== undefined && hosts.has(name)) Object.assign(options, { host: "127.0.0.1", port, servername: name });
  return connect.apply(this, args);
};
