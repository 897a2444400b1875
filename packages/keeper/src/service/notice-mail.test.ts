import { describe, expect, test } from "vitest";
import { noticeMail } from "./notice-mail.ts";
import type { NoticeWords } from "./notice-words.ts";

const TO = { address: "ops@deployment.example", id: "rc_1.1.1" };

function words(more: Partial<NoticeWords> = {}): NoticeWords {
  return {
    notice: "consent-needed",
    atMs: Date.UTC(2026, 0, 2),
    connections: ["acme"],
    title: "acme needs consent",
    sentences: ["No new tokens can be had."],
    action: { label: "Give consent again", url: "https://evergrant.example/consent/cn_1.0.abc" },
    ...more,
  };
}

describe("the mail of a notice", () => {
  test("says what happened and how to mend it, as text and as a page", () => {
    const { subject, text, html, to } = noticeMail([words()], TO);
    expect([to, subject]).toEqual([TO.address, "acme needs consent"]);
    expect(text).toContain(
      "No new tokens can be had.\n\nGive consent again:\nhttps://evergrant.example/consent/cn_1.0.abc\n",
    );
    expect(text).toContain("2026-01-02T00:00:00.000Z");
    expect(html).toContain('<a href="https://evergrant.example/consent/cn_1.0.abc">Give consent again</a>');
  });

  test("takes nothing in a name for markup, for another line or for another header", () => {
    const name = 'Evil <img src=x onerror="x">\r\nBcc: victim@elsewhere.example\u2028';
    const { subject, text, html } = noticeMail([words({ title: `${name}: gone`, sentences: [name] })], TO);
    expect(subject).not.toMatch(/[\r\n\u2028]/);
    expect(text.split("\n").filter((line) => line.startsWith("Bcc:"))).toEqual([]);
    expect(html).not.toContain("<img");
    expect(html).toContain("&lt;img src=x onerror=&quot;x&quot;&gt;");
  });

  test("lists what came together, and of very much says how much more there is", () => {
    const all = Array.from({ length: 60 }, (_, n) => words({ title: `c${n} needs consent` }));
    const { subject, text } = noticeMail(all, TO);
    expect(subject).toBe("60 notices: c0 needs consent, and more");
    expect(text).toContain("c49 needs consent");
    expect(text).not.toContain("c50 needs consent");
    expect(text).toContain("… and 10 more.");
  });
});
