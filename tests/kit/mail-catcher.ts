import type { AddressInfo } from "node:net";
import { type AddressObject, simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

/** A mail as its reader gets it. */
export interface CaughtMail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The addresses in its text. */
  readonly links: readonly string[];
}

/** A real mail server on a free port of this machine that keeps what it gets. */
export class MailCatcher implements AsyncDisposable {
  readonly url: string;
  readonly mails: CaughtMail[] = [];
  readonly #server: SMTPServer;
  readonly #waiting: (() => void)[] = [];

  private constructor(server: SMTPServer) {
    this.#server = server;
    this.url = `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  }

  /** Starts one; `refuses`: it takes no mail from anybody. */
  static async start(more: { readonly refuses?: boolean } = {}): Promise<MailCatcher> {
    let catcher: MailCatcher | null = null;
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS", "AUTH"],
      onRcptTo: (_address, _session, done) => done(more.refuses === true ? new Error("no such mailbox") : null),
      onData(stream, _session, done) {
        simpleParser(stream).then(
          (parsed) => {
            const text = parsed.text ?? "";
            catcher?.take({
              from: addresses(parsed.from),
              to: addresses(parsed.to),
              subject: parsed.subject ?? "",
              text,
              links: text.match(/https?:\/\/\S+/g) ?? [],
            });
            done();
          },
          (error: Error) => done(error),
        );
      },
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    catcher = new MailCatcher(server);
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

const addresses = (field: AddressObject | AddressObject[] | undefined): string =>
  [field ?? []]
    .flat()
    .flatMap(({ value }) => value.map(({ address }) => address ?? ""))
    .join(", ");
