import type { TLSSocket } from "node:tls";
import type { FastifyRequest } from "fastify";

/** The origins a request's client knows us by. */
export interface Names {
  readonly issuer: string;
  readonly login: string;
  readonly api: string;
}

export interface Ports {
  readonly http: number;
  readonly tls: number | null;
}

type XeroHost = "identity" | "login" | "api";

const xeroHosts: Readonly<Record<string, XeroHost>> = {
  "identity.xero.com": "identity",
  "login.xero.com": "login",
  "api.xero.com": "api",
};
const xeroNames: Names = {
  issuer: "https://identity.xero.com",
  login: "https://login.xero.com",
  api: "https://api.xero.com",
};

/** Xero's real names for a client that was led here from them, else our own address. Never an unknown `Host`. */
export function namesOf(request: FastifyRequest, ports: Ports): Names {
  if (xeroHostOf(request) !== null) return xeroNames;
  const origin =
    isEncrypted(request) && ports.tls !== null ? `https://localhost:${ports.tls}` : `http://localhost:${ports.http}`;
  return { issuer: origin, login: origin, api: origin };
}

/** Which of Xero's hosts the request means, or null. */
export function xeroHostOf(request: FastifyRequest): XeroHost | null {
  const host = (request.headers.host ?? "").toLowerCase().split(":")[0] ?? "";
  return Object.hasOwn(xeroHosts, host) ? (xeroHosts[host] ?? null) : null;
}

export const isEncrypted = (request: FastifyRequest): boolean =>
  (request.raw.socket as Partial<TLSSocket>).encrypted === true;
