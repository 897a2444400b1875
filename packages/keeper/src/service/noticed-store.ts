import type { Records } from "../ports/records.ts";
import type { Store } from "../ports/store.ts";

/** Says when a notice may have come into the outbox, and when a grant was written. Nothing is told of what others write. */
export function noticedStore(store: Store, heard: { onNotice: () => void; onWritten: () => void }): Store {
  const { grants, connections, consents, audit, deployment } = store;
  const noting = async <T>(work: (note: (records: Records) => void) => Promise<T>): Promise<T> => {
    let hasNotice = false;
    const done = await work(({ notices }) => {
      hasNotice ||= notices.length > 0;
    });
    if (hasNotice) heard.onNotice();
    return done;
  };
  return {
    ...store,
    grants: {
      ...grants,
      change: async (id, decide) => {
        const done = await noting((note) =>
          grants.change(id, (grant, nowMs) => {
            const decision = decide(grant, nowMs);
            if (decision.change !== null) note(decision.change.records);
            return decision;
          }),
        );
        heard.onWritten();
        return done;
      },
    },
    connections: {
      ...connections,
      change: (id, decide) =>
        noting((note) =>
          connections.change(id, (connection) => {
            const decided = decide(connection);
            if (decided !== null) note(decided.records);
            return decided;
          }),
        ),
    },
    consents: {
      ...consents,
      change: (id, decide) =>
        noting((note) =>
          consents.change(id, (consent) => {
            const decided = decide(consent);
            if (decided !== null) note(decided.records);
            return decided;
          }),
        ),
    },
    audit: {
      ...audit,
      write: (records) =>
        noting((note) => {
          note(records);
          return audit.write(records);
        }),
    },
    deployment: {
      ...deployment,
      quarantine: (incarnation, found, records) =>
        noting((note) => {
          note(records);
          return deployment.quarantine(incarnation, found, records);
        }),
      release: (release, records) =>
        noting((note) => {
          note(records);
          return deployment.release(release, records);
        }),
    },
  };
}
