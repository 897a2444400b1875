import { ERRORS, type HoldReason } from "@evergrant/core";
import type { ConsentResult } from "@evergrant/keeper";
import { type Html, html } from "./html.ts";
import type { Page } from "./page.ts";

/** What came of a consent, in plain words for the person who gave it. */
export function resultPage(result: ConsentResult): { readonly status: number; readonly page: Page } {
  switch (result.kind) {
    case "pending":
      return { status: 200, page: pendingPage };
    case "accepted":
      return { status: 200, page: acceptedPage(result) };
    case "held":
      return { status: 200, page: heldPage(result) };
    case "refused":
      return { status: 200, page: refusedPage };
    case "declined":
      return { status: ERRORS.consent_declined.status, page: declinedPage };
    case "failed":
      return {
        status: ERRORS[result.code].status,
        page: result.code === "consent_superseded" ? supersededPage : failedPage(result.code),
      };
  }
}

const done = html`<p class="aside">You can close this page.</p>`;

const pendingPage: Page = {
  title: "Almost done",
  body: html`<p>The answer of the provider is being taken in. This page looks again by itself.</p>`,
  reloadSeconds: 2,
};

function acceptedPage(result: Extract<ConsentResult, { kind: "accepted" }>): Page {
  const shared = result.sharedWith.length === 0 ? null : sharedNote(result.sharedWith);
  return {
    title: result.tenants.length === 0 ? "Connected" : `${listed(result.tenants)} is connected`,
    body: html`<p>Thank you${by(result.subjectName)}. <strong>${result.connection}</strong> is connected${
      result.tenants.length === 0 ? "" : ` to ${listed(result.tenants)}`
    }, and stays so without you.</p>${shared}${done}`,
  };
}

function sharedNote(sharedWith: readonly string[]): Html {
  return html`<p>You gave access before, for ${listed(sharedWith)}. Whoever uses one of these connections reaches the organisations of all of them.</p>`;
}

function heldPage(result: Extract<ConsentResult, { kind: "held" }>): Page {
  const organisations =
    result.tenants.length === 0 ? null : html`<dt>Organisation</dt><dd>${listed(result.tenants)}</dd>`;
  const person = result.subjectName === null ? null : html`<dt>Given by</dt><dd>${result.subjectName}</dd>`;
  return {
    title: "Received, and not in use yet",
    body: html`<p>Your consent has arrived. It waits until the person who sent you the link confirms it. Nothing more is asked of you.</p>
<dl><dt>For</dt><dd>${result.connection}</dd>${organisations}${person}</dl>
<ul>${result.because.map((reason) => html`<li>${HOLD_WORDS[reason]}</li>`)}</ul>${done}`,
  };
}

/** Why a consent waits, as the person who gave it may read it. */
const HOLD_WORDS: Readonly<Record<HoldReason, string>> = {
  "initiator-must-confirm": "The person who sent the link confirms which organisation was chosen.",
  "other-subject": "It was given by another person than before.",
  "subject-unknown": "It cannot be seen whether the same person gave it as before.",
  "expected-tenant-missing": "The organisation that was expected was not chosen.",
  "new-tenant": "It reaches an organisation that was not connected before.",
  "no-tenant": "No organisation was connected with it.",
  "tenants-unread": "Which organisation was chosen could not be read.",
  "scope-missing": "It allows less than what was asked for.",
  "link-revoked": "The link was taken back while you were on your way.",
};

const refusedPage: Page = {
  title: "Not taken up",
  body: html`<p>The person who sent the link decided not to use this consent. Nothing was connected.</p>${done}`,
};

const declinedPage: Page = {
  title: "Access was declined",
  body: html`<p>${ERRORS.consent_declined.message}</p>`,
  footnote: "consent_declined",
};

// Nothing is wrong for whoever reads this: the connection works by what they agreed to since.
const supersededPage: Page = {
  title: "A newer consent is in use",
  body: html`<p>You have given consent again since then, and that one counts. There is nothing more to do.</p>${done}`,
  footnote: "consent_superseded",
};

function failedPage(code: Extract<ConsentResult, { kind: "failed" }>["code"]): Page {
  return { title: "That did not work", body: html`<p>${ERRORS[code].message}</p>`, footnote: code };
}

function by(subjectName: string | null): string {
  return subjectName === null ? "" : `, ${subjectName}`;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
