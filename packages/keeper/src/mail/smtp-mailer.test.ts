import { Secret } from "@evergrant/core";
import { afterEach, describe, expect, test } from "vitest";
import { type CatcherOptions, MailCatcher } from "../../../../tests/kit/mail-catcher.ts";
import type { Sent } from "../ports/channels.ts";
import type { MailServer } from "./mail-server.ts";
import { smtpMailer } from "./smtp-mailer.ts";

const SIGN_IN = { user: "evergrant@deployment.example", password: "mail-canary" };

const catchers: MailCatcher[] = [];
afterEach(async () => {
  for (const catcher of catchers.splice(0)) await catcher[Symbol.asyncDispose]();
});

async function aCatcher(options: CatcherOptions): Promise<MailCatcher> {
  const catcher = await MailCatcher.start(options);
  catchers.push(catcher);
  return catcher;
}

/** One mail to a catcher, by a mailer that was told this. */
async function send(
  { url }: MailCatcher,
  told: Pick<MailServer, "security" | "ca"> & { password: string },
): Promise<Sent> {
  const { security, ca, password } = told;
  const signIn = { user: SIGN_IN.user, password: new Secret(password) };
  const { hostname: host, port } = new URL(url);
  const server = { host, port: Number(port), from: "Evergrant <evergrant@deployment.example>", security, ca, signIn };
  const mailer = smtpMailer(server, { timeoutMs: 5_000 });
  try {
    return await mailer.send({
      to: "ops@a.example",
      subject: "acme needs consent",
      text: "t",
      html: "<p>t</p>",
      id: "1",
    });
  } finally {
    await mailer.close();
  }
}

describe.each(["tls", "starttls"] as const)("a mail server that wants %s and a sign-in", (security) => {
  const { password } = SIGN_IN;

  test("gets a mail from whoever trusts its authority and knows the password", async () => {
    const catcher = await aCatcher({ security, signIn: SIGN_IN });
    expect(await send(catcher, { security, ca: catcher.ca, password })).toEqual({ kind: "sent" });
    const over = { tls: true, user: SIGN_IN.user };
    expect(catcher.mails).toMatchObject([{ to: "ops@a.example", subject: "acme needs consent", over }]);
  });

  test("gets neither mail nor password from whoever does not trust its authority", async () => {
    const catcher = await aCatcher({ security, signIn: SIGN_IN });
    const foreign = await aCatcher({ security });
    for (const ca of [null, foreign.ca])
      expect(await send(catcher, { security, ca, password })).toMatchObject({ kind: "failed" });
    expect([catcher.mails, catcher.signIns]).toEqual([[], 0]);
  });

  test("gets neither where its certificate is another's", async () => {
    const catcher = await aCatcher({ security, signIn: SIGN_IN, names: ["mail.example"] });
    expect(await send(catcher, { security, ca: catcher.ca, password })).toMatchObject({ kind: "failed" });
    expect([catcher.mails, catcher.signIns]).toEqual([[], 0]);
  });

  test("refuses a wrong password: the mail is tried again, as that is ours to mend, and the password stays unsaid", async () => {
    const catcher = await aCatcher({ security, signIn: SIGN_IN });
    const sent = await send(catcher, { security, ca: catcher.ca, password: "wrong-canary" });
    expect(sent).toEqual({ kind: "failed", reason: "EAUTH 535" });
    expect([catcher.mails, catcher.signIns]).toEqual([[], 1]);
  });
});

test("a mail server that does not offer the STARTTLS that is demanded gets neither mail nor password", async () => {
  const catcher = await aCatcher({ security: "plain", signIn: SIGN_IN });
  const told = { security: "starttls", ca: catcher.ca, password: SIGN_IN.password } as const;
  expect(await send(catcher, told)).toMatchObject({ kind: "failed" });
  expect([catcher.mails, catcher.signIns]).toEqual([[], 0]);
});

test("a mailbox that is refused for good is not asked for again", async () => {
  const catcher = await aCatcher({ security: "tls", signIn: SIGN_IN, refuses: true });
  const told = { security: "tls", ca: catcher.ca, password: SIGN_IN.password } as const;
  expect(await send(catcher, told)).toEqual({ kind: "refused", reason: "EENVELOPE 550" });
});
