import type { ClientDriver } from "./client-driver.ts";
import type { ClientId, ServerName } from "./clients.ts";
import { startEvergrant } from "./evergrant.ts";
import { startHostedClient } from "./hosted-client.ts";
import type { MatrixServer } from "./matrix-server.ts";
import { startOidcProviderServer } from "./oidc-provider-server.ts";
import { startSandboxServer } from "./sandbox-server.ts";
import { startXeroMcpServer } from "./xero-mcp-server.ts";

/** A fresh server of this name; `redirectUri` is where the browsers of hosted clients come back to. */
export function startServer(name: ServerName, redirectUri: string): Promise<MatrixServer> {
  switch (name) {
    case "sandbox/xero":
      return startSandboxServer("xero", redirectUri);
    case "sandbox/strict":
      return startSandboxServer("strict", redirectUri);
    case "oidc-provider":
      return startOidcProviderServer(redirectUri);
  }
}

/** The client of this name, made known to the server. */
export function startClient(id: ClientId, server: MatrixServer): Promise<ClientDriver> {
  switch (id) {
    case "evergrant":
      return startEvergrant(server);
    case "xero-mcp-server":
      return startXeroMcpServer(server);
    case "xero-node":
    case "newman":
    case "openid-client":
    case "oauth4webapi":
    case "simple-oauth2":
    case "badgateway-oauth2-client":
    case "passport-oauth2":
      return startHostedClient(id, server);
  }
}
