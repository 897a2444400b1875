import type { GrantId } from "@evergrant/core";
import type { StoredConsent } from "../ports/consent-store.ts";
import type { AppDirectory } from "./app-directory.ts";
import { changeBy } from "./grant-steps.ts";
import type { GrantViews } from "./grant-views.ts";
import type { ServiceContext } from "./service-context.ts";

const PAGE = 200;

/**
 * In a store that is a copy of one in use elsewhere: every grant that lives by single-use tokens is put where nothing spends them,
 * and consents that wait for a decision are refused, tokens and all. May be repeated.
 */
export async function leaveToOriginal(
  context: ServiceContext,
  parts: { readonly apps: AppDirectory; readonly views: GrantViews },
  by: string,
): Promise<void> {
  for (let page = await context.store.grants.page(null, PAGE); page.length > 0; ) {
    for (const grant of page) await leaveGrant(context, parts, grant);
    page = await context.store.grants.page(page.at(-1) ?? null, PAGE);
  }
  for (;;) {
    const held = await context.store.consents.held(PAGE);
    for (const consent of held) await refuse(context, consent, by);
    if (held.length < PAGE) return;
  }
}

async function leaveGrant(
  context: ServiceContext,
  parts: { readonly apps: AppDirectory; readonly views: GrantViews },
  id: GrantId,
): Promise<void> {
  const { store, time } = context;
  const grant = await store.grants.load(id);
  if (grant === undefined) return;
  const { timing } = await parts.apps.get(grant.app);
  await store.grants.change(id, (current, leaseNowMs) => {
    const view = parts.views.of(current, { waitedForMs: null, leaseNowMs });
    return { change: changeBy(current, { kind: "cloned", atMs: time.wallMs() }, { view, timing }), result: true };
  });
}

// Its tokens are the original's as well: they are not given back either.
async function refuse({ store, time }: ServiceContext, consent: StoredConsent, by: string): Promise<void> {
  const atMs = time.wallMs();
  await store.consents.change(consent.id, ({ progress }) => {
    if (progress.kind !== "held") return null;
    const { because: _because, ...received } = progress;
    const subject = { kind: "connection", id: consent.connection } as const;
    const facts = { consent: consent.id, subject: progress.subject, because: "cloned" };
    return {
      progress: { ...received, kind: "refused", atMs, by },
      records: { audit: [{ event: "consent-refused", subject, atMs, by, facts }], notices: [] },
    };
  });
}
