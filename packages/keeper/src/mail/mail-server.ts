import { X509Certificate } from "node:crypto";
import { EvergrantError, Secret } from "@evergrant/core";

/** How mail leaves: a server, who signs in there, and from whom it comes. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** `tls`: from the first byte. `starttls`: demanded before anything is said. `plain`: on this machine alone. */
  readonly security: "tls" | "starttls" | "plain";
  readonly signIn: { readonly user: string; readonly password: Secret } | null;
  /** The authority that alone its certificate may come from, PEM; null: those that Node trusts. */
  readonly ca: string | null;
  readonly from: string;
}

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Reads `smtps://[user:password@]host[:465]` or `smtp://[user:password@]host[:587]`; the latter without STARTTLS on this machine
 * alone, and there only where no authority is named. A password given beside takes the place of the one in the address.
 * @throws mail_server_invalid
 */
export function mailServerOf(given: {
  readonly url: string;
  readonly from: string;
  readonly password?: string | undefined;
  /** PEM, of an authority of one's own. */
  readonly ca?: string | undefined;
}): MailServer {
  const url = URL.parse(given.url);
  if (url === null || !/^smtps?:$/.test(url.protocol) || url.hostname === "" || !isPlain(url))
    throw new EvergrantError("mail_server_invalid", { detail: "use smtps://host or smtp://host:587" });
  if (!isMailAddress(given.from.replace(/^[^<>]*<([^<>]*)>$/, "$1")))
    throw new EvergrantError("mail_server_invalid", { detail: "the sender must be a mail address" });
  const ca = given.ca ?? null;
  if (ca !== null && !isCertificate(ca))
    throw new EvergrantError("mail_server_invalid", { detail: "its authority must be a certificate in PEM" });
  const user = decodeURIComponent(url.username);
  const password = given.password ?? decodeURIComponent(url.password);
  const security =
    url.protocol === "smtps:" ? "tls" : ca === null && LOOPBACK.includes(url.hostname) ? "plain" : "starttls";
  const usual = security === "tls" ? 465 : 587;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? usual : Number(url.port),
    security,
    signIn: user === "" ? null : { user, password: new Secret(password) },
    ca,
    from: given.from,
  };
}

/** One plain address: no list, no comment, no line break. */
export function isMailAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s@<>(),;:"\\[\]]+@[^\s@<>(),;:"\\[\]]+$/.test(text);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function isPlain({ pathname, search, hash, username, password }: URL): boolean {
  if (!["", "/"].includes(pathname) || search !== "" || hash !== "") return false;
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}
