import { describe, expect, test } from "vitest";
import { MailCatcher } from "../../../../tests/kit/mail-catcher.ts";
import { isMailAddress, mailServerOf } from "./mail-server.ts";

describe("a mail server", () => {
  const read = (url: string, more = {}) => mailServerOf({ url, from: "Ops <ops@a.example>", ...more });

  test("is spoken to encrypted, unless it is this machine's own", () => {
    expect(read("smtps://mail.example")).toMatchObject({ port: 465, security: "tls", signIn: null });
    expect(read("smtp://mail.example")).toMatchObject({ port: 587, security: "starttls" });
    expect(read("smtp://127.0.0.1:25")).toMatchObject({ port: 25, security: "plain" });
    const { signIn } = read("smtps://a%40b@mail.example", { password: "canary" });
    expect([signIn?.user, signIn?.password.reveal(), JSON.stringify(signIn)]).toEqual([
      "a@b",
      "canary",
      expect.not.stringContaining("canary"),
    ]);
  });

  test.each(["http://mail.example", "smtp:", "smtp://mail.example/path", "mail.example", "smtps://a%zz@mail.example"])(
    "%s is none",
    (url) => {
      expect(() => read(url)).toThrow(/mail server/);
    },
  );

  test("may have an authority of its own: then TLS is demanded wherever it is, and what is no certificate is refused", async () => {
    await using catcher = await MailCatcher.start();
    const { ca } = catcher;
    expect(read("smtp://127.0.0.1:25", { ca })).toMatchObject({ security: "starttls", ca });
    for (const text of ["", "pem", ca.replaceAll("M", "m")])
      expect(() => read("smtps://mail.example", { ca: text })).toThrow(/authority/);
  });

  test("has a sender that is one address", () => {
    expect(isMailAddress("a@b.example")).toBe(true);
    expect(() => read("smtps://mail.example", { from: "nobody" })).toThrow(/sender/);
  });
});
