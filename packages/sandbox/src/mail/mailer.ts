import { SandboxError } from "../errors.ts";
import type { RenderedMail } from "./render-mail.ts";

/** Brings a mail on its way; rejects if the server did not take it. */
export interface Mailer {
  send(mail: RenderedMail): Promise<void>;
  close(): void;
}

/** Real mail by SMTP. `url`: `smtp://[user:password@]host[:port]`, or `smtps:`. Throws `smtp_url_invalid`. */
export function smtpMailer(url: string): Mailer {
  const address = URL.parse(url);
  if (address === null || !/^smtps?:$/.test(address.protocol) || address.hostname === "")
    throw new SandboxError(
      "smtp_url_invalid",
      "That is not the address of a mail server. Use smtp://host:port or smtps://host:port, with user:password@ before the host if it asks.",
    );
  const transport = openTransport(address);
  return {
    send: async ({ from, to, subject, text }) => {
      await (await transport()).sendMail({ from, to: { name: "", address: to }, subject, text });
    },
    close: () =>
      void transport().then(
        (open) => open.close(),
        () => undefined,
      ),
  };
}

const timeoutMs = 5000;

// Loaded with the first mail: most sandboxes send none.
function openTransport(address: URL) {
  const options = {
    host: address.hostname.replace(/^\[(.*)\]$/, "$1"),
    ...(address.port === "" ? {} : { port: Number(address.port) }),
    secure: address.protocol === "smtps:",
    ...(address.username === ""
      ? {}
      : { auth: { user: decodeURIComponent(address.username), pass: decodeURIComponent(address.password) } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  let opened: Promise<Awaited<ReturnType<typeof open>>> | null = null;
  const open = async () => (await import("nodemailer")).createTransport(options);
  return () => {
    opened ??= open();
    return opened;
  };
}
