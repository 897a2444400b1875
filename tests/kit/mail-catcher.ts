import type { AddressInfo } from "node:net";
import { createCertificates } from "@evergrant/sandbox";
import { type AddressObject, simpleParser } from "mailparser";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

/** A mail as its reader gets it. */
export interface CaughtMail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The addresses in its text. */
  readonly links: readonly string[];
  /** Whether it came over TLS, and who had signed in. */
  readonly over: { readonly tls: boolean; readonly user: string | null };
}

export interface CatcherOptions {
  /** It takes no mail from anybody. */
  readonly refuses?: boolean;
  /** `tls`: from the first byte. `starttls`: offered. `plain`: neither. Default: `plain`. */
  readonly security?: "tls" | "starttls" | "plain";
  /** Whom alone it takes mail from. Default: anybody. */
  readonly signIn?: { readonly user: string; readonly password: string };
  /** What its certificate says that it is called. Default: this machine. */
  readonly names?: readonly string[];
}

/** A real mail server on a free port of this machine that keeps what it gets. */
export class MailCatcher implements AsyncDisposable {
  readonly url: string;
  /** The authority that its certificate is from, PEM. */
  readonly ca: string;
  readonly mails: CaughtMail[] = [];
  /** How often somebody said a name and a password. */
  signIns = 0;
  readonly #server: SMTPServer;
  readonly #waiting: (() => void)[] = [];

  private constructor(server: SMTPServer, { security, ca }: { security: CatcherOptions["security"]; ca: string }) {
    this.#server = server;
    this.ca = ca;
    const { port } = server.server.address() as AddressInfo;
    this.url = `${security === "tls" ? "smtps" : "smtp"}://127.0.0.1:${port}`;
  }

  static async start(options: CatcherOptions = {}): Promise<MailCatcher> {
    let catcher: MailCatcher | null = null;
    const { security = "plain", signIn, names } = options;
    const { ca, cert, key } = createCertificates(names);
    const server = new SMTPServer({
      ...(security === "plain" ? {} : { cert, key, secure: security === "tls" }),
      authOptional: signIn === undefined,
      disabledCommands: disabled(options),
      onAuth(auth, _session, done) {
        if (catcher !== null) catcher.signIns += 1;
        const isRight = auth.username === signIn?.user && auth.password === signIn?.password;
        done(isRight ? null : new Error("no such user"), isRight ? { user: auth.username } : undefined);
      },
      onRcptTo: (_address, _session, done) => done(options.refuses === true ? new Error("no such mailbox") : null),
      onData(stream, session, done) {
        simpleParser(stream).then(
          (parsed) => {
            const text = parsed.text ?? "";
            catcher?.take({
              from: addresses(parsed.from),
              to: addresses(parsed.to),
              subject: parsed.subject ?? "",
              text,
              links: text.match(/https?:\/\/\S+/g) ?? [],
              over: { tls: session.secure, user: typeof session.user === "string" ? session.user : null },
            });
            done();
          },
          (error: Error) => done(error),
        );
      },
    });
    // Whoever does not trust it breaks off in the middle of a handshake.
    server.on("error", () => undefined);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    catcher = new MailCatcher(server, { security, ca });
    return catcher;
  }

  /** The nth mail (the first is 1), once it has come. */
  async mail(nth: number): Promise<CaughtMail> {
    while (this.mails.length < nth) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const mail = this.mails[nth - 1];
    if (mail === undefined) throw new Error(`no mail ${nth}`);
    return mail;
  }

  private take(mail: CaughtMail): void {
    this.mails.push(mail);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function disabled({ security = "plain", signIn }: CatcherOptions): NonNullable<SMTPServerOptions["disabledCommands"]> {
  const all = { STARTTLS: security === "starttls", AUTH: signIn !== undefined };
  return (["STARTTLS", "AUTH"] as const).filter((command) => !all[command]);
}

const addresses = (field: AddressObject | AddressObject[] | undefined): string =>
  [field ?? []]
    .flat()
    .flatMap(({ value }) => value.map(({ address }) => address ?? ""))
    .join(", ");
