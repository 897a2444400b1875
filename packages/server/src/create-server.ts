import { EvergrantError } from "@evergrant/core";
import type { Keeper } from "@evergrant/keeper";
import type { FastifyInstance } from "fastify";
import { adminRoutes } from "./admin/admin-routes.ts";
import { consentRoutes } from "./consent/consent-routes.ts";
import { sendRefusalPage } from "./consent/refusal-page.ts";
import { consoleRoutes } from "./console/console-routes.ts";
import { forwardAuthRoutes } from "./forward-auth/forward-auth-routes.ts";
import { apiClient } from "./gateway/api-client.ts";
import { gatewayRoutes } from "./gateway/gateway-routes.ts";
import { healthRoutes } from "./health/health-routes.ts";
import { createHttpApp } from "./http/http-app.ts";
import { LIMITS } from "./http/limits.ts";
import { isLoopback, parsePublicUrl } from "./http/public-url.ts";
import { type Rate, RateLimiter } from "./http/rate-limiter.ts";
import type { RequestLog } from "./http/request-log.ts";
import type { Site } from "./http/site.ts";
import { metricsRoutes } from "./metrics/metrics-routes.ts";
import type { Telemetry } from "./metrics/telemetry.ts";
import { statusRoutes } from "./observe/status-routes.ts";
import type { ServerChance, ServerTime } from "./ports.ts";
import { realChance, realTime } from "./real-time.ts";
import { type OpenIdOptions, openIdSignIn } from "./sign-in/openid-sign-in.ts";
import { issuerMetadata } from "./token/issuer-metadata.ts";
import { tokenEndpoint } from "./token/token-endpoint.ts";

export interface ListenAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface Listeners {
  /** Consent pages and the provider's callback. */
  readonly public: ListenAddress;
  /** Token endpoints and their metadata, and the gateway. */
  readonly internal: ListenAddress | "with-public";
  /** Admin API and health. */
  readonly admin: ListenAddress | "with-public";
}

export interface ServerOptions {
  readonly keeper: Keeper;
  /** Where browsers and callers reach this deployment; null (on loopback only): `http://localhost:PORT` of the public listener. */
  readonly publicUrl: string | null;
  readonly listeners: Listeners;
  readonly log: RequestLog;
  /** Addresses of proxies whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Host names besides loopback under which the admin API answers. Default: none. */
  readonly adminHosts?: readonly string[];
  /** Where browsers reach the console, if that is not the admin listener's own address. Admin API and console answer under its host name too. */
  readonly consoleUrl?: string;
  /** Where operators may sign in to the console besides by their keys. */
  readonly openId?: OpenIdOptions;
  readonly rates?: Partial<ServerRates>;
  /** How long `close` waits for what is being answered before it is cut. Default: 20 s. */
  readonly answeredAtStopMs?: number;
  /** What `/metrics` shows beside how things stand. Default: nothing. */
  readonly telemetry?: Telemetry;
  readonly time?: ServerTime;
  readonly chance?: ServerChance;
}

export interface ServerRates {
  /** Consents begun and callbacks, per address. */
  readonly consent: Rate;
  /** Wrong operator keys, per address. */
  readonly operatorKey: Rate;
}

export interface Server {
  readonly urls: {
    /** The public URL: what issuers and links are built from. */
    readonly public: string;
    readonly internal: string;
    /** As this machine reaches it, also where the public URL is a proxy's. */
    readonly admin: string;
    /** The console's own page. */
    readonly console: string;
  };
  /** Takes no new request, answers those that run, cuts what takes too long, and frees the ports. May be called again. */
  close(): Promise<void>;
}

/**
 * Starts Evergrant's HTTP faces around a keeper.
 * @throws port_taken · public_url_required · plain_http_refused · listen_failed · input_invalid · sign_in_misconfigured
 */
export async function createServer(options: ServerOptions): Promise<Server> {
  const consoleUrl = options.consoleUrl === undefined ? "" : parsePublicUrl(options.consoleUrl);
  const site = { publicUrl: configuredPublicUrl(options) ?? "", consoleUrl };
  const apps = await buildApps(options, site);
  const { listeners } = options;
  const all = [apps.public, ...Object.values(apps).filter((app) => app !== apps.public)];
  const close = async () => {
    await Promise.all(all.map((app) => app.close()));
  };
  try {
    await listen(apps.public, listeners.public, (port) => {
      if (site.publicUrl === "") site.publicUrl = localUrl(listeners.public.host, port);
    });
    if (listeners.internal !== "with-public") await listen(apps.internal, listeners.internal);
    if (listeners.admin !== "with-public") {
      const { host } = listeners.admin;
      await listen(apps.admin, listeners.admin, (port) => {
        if (site.consoleUrl === "") site.consoleUrl = localUrl(host, port);
      });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    urls: {
      public: site.publicUrl,
      internal:
        listeners.internal === "with-public"
          ? site.publicUrl
          : localUrl(listeners.internal.host, portOf(apps.internal)),
      admin: localUrl(
        listeners.admin === "with-public" ? listeners.public.host : listeners.admin.host,
        portOf(apps.admin),
      ),
      console: `${site.consoleUrl === "" ? site.publicUrl : site.consoleUrl}/console`,
    },
    close,
  };
}

function configuredPublicUrl({ publicUrl, listeners }: ServerOptions): string | null {
  if (publicUrl !== null) return parsePublicUrl(publicUrl);
  const hosts = [listeners.public, listeners.internal, listeners.admin].flatMap((listener) =>
    listener === "with-public" ? [] : [listener.host],
  );
  if (!hosts.every(isLoopback)) throw new EvergrantError("public_url_required");
  return null;
}

const DEFAULT_RATES: ServerRates = {
  consent: { burst: 60, refillMs: 1_000 },
  operatorKey: { burst: 20, refillMs: 5_000 },
};

interface Apps {
  readonly public: FastifyInstance;
  readonly internal: FastifyInstance;
  readonly admin: FastifyInstance;
}

interface Addresses extends Site {
  /** Empty where the console is at the public URL. */
  readonly consoleUrl: string;
}

async function buildApps(options: ServerOptions, site: Addresses): Promise<Apps> {
  const { keeper, log, listeners, time = realTime, chance = realChance, trustedProxies = [] } = options;
  const rates = { ...DEFAULT_RATES, ...options.rates };
  const limiter = (rate: Rate) => new RateLimiter(rate, { time, addressesMax: LIMITS.addresses });
  const { answeredAtStopMs = LIMITS.answeredAtStopMs } = options;
  const make = (listener: string) =>
    createHttpApp({ listener, log, time, chance, trustedProxies, page: sendRefusalPage, answeredAtStopMs });
  const publicApp = make("public");
  const internal = listeners.internal === "with-public" ? publicApp : make("internal");
  const admin = listeners.admin === "with-public" ? publicApp : make("admin");
  const consoleUrl = () => (site.consoleUrl === "" ? site.publicUrl : site.consoleUrl);
  const knownHosts = () => [
    ...(options.adminHosts ?? []),
    ...(listeners.admin === "with-public" ? [new URL(site.publicUrl).hostname] : []),
    new URL(consoleUrl()).hostname,
  ];
  const signIn = options.openId === undefined ? null : openIdSignIn(options.openId, time);
  const operatorKeys = limiter(rates.operatorKey);
  await publicApp.register((app) => consentRoutes(app, { keeper, site, log, chance, limiter: limiter(rates.consent) }));
  await internal.register((app) => tokenEndpoint(app, { keeper, site, log }));
  await internal.register((app) => issuerMetadata(app, { site }));
  const client = apiClient({ connectMs: LIMITS.apiConnectMs, silenceMs: LIMITS.apiSilenceMs });
  internal.addHook("onClose", () => client.close());
  await internal.register((app) => gatewayRoutes(app, { keeper, site, log, client }));
  await internal.register((app) => forwardAuthRoutes(app, { keeper, log }));
  await internal.register((app) => statusRoutes(app, { keeper, log }));
  await admin.register((app) => adminRoutes(app, { keeper, site, log, knownHosts, limiter: operatorKeys }));
  const console = { keeper, log, knownHosts, limiter: operatorKeys, url: consoleUrl, signIn };
  await admin.register((app) => consoleRoutes(app, console));
  await admin.register((app) => healthRoutes(app, { keeper }));
  const counted = options.telemetry?.registry ?? null;
  await admin.register((app) => metricsRoutes(app, { keeper, log, time, knownHosts, counted }));
  return { public: publicApp, internal, admin };
}

async function listen(
  app: FastifyInstance,
  address: ListenAddress,
  onPort: (port: number) => void = () => {},
): Promise<void> {
  // Before the first connection can come, so that no request ever sees a server without its public URL.
  app.server.once("listening", () => onPort(portOf(app)));
  try {
    await app.listen({ host: address.host, port: address.port });
  } catch (error) {
    const code: unknown = error instanceof Error && "code" in error ? error.code : null;
    const where = `${address.host}:${address.port}`;
    if (code === "EADDRINUSE") throw new EvergrantError("port_taken", { detail: where, cause: error });
    throw new EvergrantError("listen_failed", { detail: `cannot listen on ${where} (${String(code)})`, cause: error });
  }
}

function portOf(app: FastifyInstance): number {
  const address = app.server.address();
  return address === null || typeof address === "string" ? 0 : address.port;
}

function localUrl(host: string, port: number): string {
  const name = isLoopback(host) || host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
