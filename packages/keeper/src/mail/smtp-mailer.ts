import { createTransport } from "nodemailer";
import type { Mailer, Sent } from "../ports/channels.ts";
import type { MailServer } from "./mail-server.ts";

/** Mail by SMTP (RFC 5321, RFC 3207). Files and addresses are never read for a mail's content. */
export function smtpMailer(server: MailServer, { timeoutMs }: { readonly timeoutMs: number }): Mailer {
  const { host, port, security, signIn, ca, from } = server;
  const transport = createTransport({
    ...{ host, port, secure: security === "tls", requireTLS: security === "starttls" },
    ...(security === "plain" ? { ignoreTLS: true } : {}),
    ...(ca === null ? {} : { tls: { ca } }),
    ...(signIn === null ? {} : { auth: { user: signIn.user, pass: signIn.password.reveal() } }),
    ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs, dnsTimeout: timeoutMs },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  return {
    send: async ({ to, subject, text, html, id }) => {
      const envelope = { to: { name: "", address: to }, from, subject, text, html };
      const headers = { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" };
      try {
        await transport.sendMail({ ...envelope, headers, messageId: `<${id}@${domainOf(from)}>` });
        return { kind: "sent" };
      } catch (error) {
        return failureOf(error);
      }
    },
    close: async () => transport.close(),
  };
}

/** By code and status alone: what a server says may quote what it was sent. */
function failureOf(error: unknown): Sent {
  const { code, responseCode } = (error ?? {}) as { code?: unknown; responseCode?: unknown };
  const status = typeof responseCode === "number" ? ` ${responseCode}` : "";
  const reason = `${typeof code === "string" && /^[A-Z0-9_]{1,40}$/.test(code) ? code : "the mail server failed"}${status}`;
  // RFC 5321 §4.2.1: 5yz is for good; but what is about signing in is ours to mend, and no fault of the mail.
  const isForGood = code === "EENVELOPE" && typeof responseCode === "number" && responseCode >= 500;
  return { kind: isForGood ? "refused" : "failed", reason };
}

const domainOf = (from: string): string => /@([^\s@<>]+)>?$/.exec(from)?.[1] ?? "evergrant.invalid";
