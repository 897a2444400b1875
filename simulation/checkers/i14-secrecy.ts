import { checker } from "./checker.ts";

const CANARY = /canary-/;

/** Nothing that the provider keeps secret is found in an error, a report, an audit record, a notice or a database page. */
export const secrecy = checker({
  id: "I14",
  name: "secrecy",
  kinds: ["failed", "refused", "stored", "phase"],
  watch: (view) => (event) => {
    switch (event.kind) {
      case "failed":
        return CANARY.test(event.text) ? `${event.node} reported a secret with "${event.what}"` : null;
      case "refused":
        return CANARY.test(event.text) ? `${event.node} refused ${event.connection} with a secret in its words` : null;
      case "stored": {
        const words = event.audit.flatMap(({ facts }) => Object.values(facts));
        return words.some((word) => typeof word === "string" && CANARY.test(word))
          ? `${event.node} wrote a secret into the audit of ${event.grant}`
          : null;
      }
      case "phase": {
        if (event.phase !== "end") return null;
        const [leak] = view.leaks();
        return leak === undefined ? null : `a secret is in the database: ${leak}`;
      }
    }
  },
});
