import { checker } from "./checker.ts";

/** A grant is declared lost only when no token that was ever received, and is still held, would be accepted. */
export const noFalseDeath = checker({
  id: "I1",
  name: "no false death",
  kinds: ["stored"],
  watch: (view) => (event) => {
    if (event.kind !== "stored" || event.after.kind !== "consent-needed" || event.before.kind === "consent-needed")
      return null;
    if (event.after.reason === "not-authorised") return null;
    const accepted = view.acceptedTokens(event.grant, event.after.chain.id);
    return accepted.length === 0
      ? null
      : `${event.grant} was declared lost by ${event.node} (${event.after.reason}), but the provider still accepts ${accepted.join(", ")}`;
  },
});
