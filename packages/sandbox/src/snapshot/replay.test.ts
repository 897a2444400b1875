import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MovableTime } from "../../../../tests/kit/movable-time.ts";
import { createSandbox, DEMO_CLIENT_ID, type Sandbox } from "../index.ts";
import { connectedJane, refreshWith, type Tokens } from "../testing/person.ts";

/** What happens in a world: each act answers with all that can be seen of it. */
type Act =
  | { readonly kind: "refresh"; readonly token: number }
  | { readonly kind: "call-api" }
  | { readonly kind: "write-contact"; readonly name: string }
  | { readonly kind: "advance"; readonly minutes: number }
  | { readonly kind: "disconnect" | "revoke" | "reset" | "consent" | "rotate-key" | "drop-next-refresh" | "schedule" }
  | { readonly kind: "create-user"; readonly name: string }
  | { readonly kind: "switch"; readonly retry: "sibling" | "same" | "supersede" }
  | { readonly kind: "webhook"; readonly port: number };

const anAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("refresh"), token: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("call-api") }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("write-contact"), name: fc.constantFrom("Kea", "Tui", "Moa") }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("advance"), minutes: fc.constantFrom(1, 29, 31, 61 * 1440) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("disconnect", "revoke", "consent", "rotate-key", "drop-next-refresh", "schedule"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("create-user"), name: fc.constantFrom("a", "b") }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("switch"), retry: fc.constantFrom("sibling", "same", "supersede") }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("webhook"), port: fc.constantFrom(1, 2) }) },
) as fc.Arbitrary<Act>;

interface Holder {
  readonly sandbox: Sandbox;
  tokens: readonly Tokens[];
}

async function perform(holder: Holder, act: Act): Promise<unknown> {
  const { control, urls } = holder.sandbox;
  const token = holder.tokens.at(-1);
  switch (act.kind) {
    case "refresh": {
      const chosen = holder.tokens[act.token % holder.tokens.length];
      const answer = await refreshWith(holder.sandbox, chosen?.refresh_token ?? "x").catch(() => null);
      if (answer === null) return "no answer";
      const body = (await answer.json()) as Tokens;
      if (answer.ok) holder.tokens = [...holder.tokens, body];
      return [answer.status, body];
    }
    case "call-api":
    case "write-contact": {
      const tenant = control.organisations().find(({ name }) => name === "Demo Company (NZ)")?.id ?? "";
      const headers = {
        authorization: `Bearer ${token?.access_token}`,
        "xero-tenant-id": tenant,
        accept: "application/json",
        "content-type": "application/json",
      };
      const body = act.kind === "call-api" ? {} : { method: "PUT", body: JSON.stringify({ Name: act.name }) };
      const path = act.kind === "call-api" ? "Organisation" : "Contacts";
      const answer = await fetch(`${urls.api}/api.xro/2.0/${path}`, { headers, ...body });
      // The id of an answer says only how many there were.
      return [answer.status, (await answer.text()).replace(/"Id": "[^"]+"|"Instance": ?"[^"]+"/, "")];
    }
    case "advance":
      return (await control.advance({ by: `${act.minutes}m` })).nowMs;
    case "consent":
      holder.tokens = [...holder.tokens, await connectedJane(holder.sandbox, scope)];
      return holder.tokens.at(-1);
    case "rotate-key":
      // A new key is real chance, so only that there is one can be the same.
      return (await control.rotateKey().catch((error: Error) => [error])).length;
    case "disconnect":
      return refusalOr(() => control.disconnect(control.connections().at(-1)?.id ?? ""));
    case "revoke":
      return refusalOr(() => control.revokeGrant(control.grants()[0]?.id ?? ""));
    case "reset":
      return control.reset();
    case "drop-next-refresh":
      return control.dropNextRefresh();
    case "schedule":
      return control.schedule({
        at: control.clock().nowMs + 1_800_000,
        action: { kind: "disconnect", connectionId: control.connections().at(-1)?.id ?? "none" },
      });
    case "create-user":
      return refusalOr(() =>
        control.createUser({ email: `${act.name}@demo.example`, givenName: "A", familyName: "B" }),
      );
    case "switch":
      return control.setSwitches({ "grace.retry": act.retry });
    case "webhook":
      return control.setWebhook(DEMO_CLIENT_ID, { url: `http://localhost:${act.port}/`, categories: ["CONTACT"] });
  }
}

const scope = "openid accounting.settings accounting.contacts offline_access";

function refusalOr(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
}

async function live(holder: Holder, acts: readonly Act[]): Promise<readonly unknown[]> {
  const seen = [];
  for (const act of acts) seen.push(await perform(holder, act));
  return seen;
}

const lives = fc.array(anAct, { maxLength: 12 });
const lostBefore: Act[] = [
  { kind: "drop-next-refresh" },
  { kind: "refresh", token: 0 },
  { kind: "switch", retry: "same" },
];
const withoutKeys = (acts: readonly Act[]) => acts.filter(({ kind }) => kind !== "rotate-key");

test("snapshot, a life, rewind: the snapshot is the same, and so is any life from there", async () => {
  await fc.assert(
    fc.asyncProperty(lives, lives, async (before, after) => {
      await using sandbox = await createSandbox({ time: new MovableTime() });
      const holder: Holder = { sandbox, tokens: [await connectedJane(sandbox, scope)] };
      await live(holder, before);
      const taken = sandbox.control.snapshot();
      const { tokens } = holder;
      const first = await live(holder, withoutKeys(after));
      const left = sandbox.control.snapshot();
      await sandbox.control.restore({ snapshot: taken, clock: "rewind" });
      expect(sandbox.control.snapshot()).toEqual(taken);
      holder.tokens = tokens;
      expect(await live(holder, withoutKeys(after))).toEqual(first);
      expect({ ...sandbox.control.snapshot(), digest: "" }).toEqual({ ...left, digest: "" });
    }),
    { numRuns: 15 },
  );
}, 120_000);

test("snapshot, a life, restore with the clock kept: the state is that of the snapshot, every token is judged as then", async () => {
  const still = lives.map((acts) => acts.filter(({ kind }) => kind !== "advance"));
  await fc.assert(
    fc.asyncProperty(still, still, async (before, after) => {
      await using sandbox = await createSandbox({ time: new MovableTime() });
      const { control } = sandbox;
      const holder: Holder = { sandbox, tokens: [await connectedJane(sandbox, scope)] };
      await live(holder, before);
      const taken = control.snapshot();
      const state = control.state();
      const judged = () => holder.tokens.map(({ refresh_token }) => control.tokenAccepted({ token: refresh_token }));
      const { tokens } = holder;
      const verdicts = judged();
      await live(holder, after);
      const since = holder.tokens.slice(tokens.length);
      await control.restore({ snapshot: taken });
      holder.tokens = tokens;
      expect(control.state()).toEqual(state);
      expect(judged()).toEqual(verdicts);
      // Whoever still holds a token of the life that is gone holds nothing, now and later.
      await live(holder, after);
      // A token whose answer was lost before the snapshot belongs to it, and may be handed out again.
      const known = new Set(taken.ledger.refreshTokens.map(([hash]) => hash));
      for (const { refresh_token } of since)
        if (!known.has(createHash("sha256").update(refresh_token).digest("hex")))
          expect(holder.tokens.slice(tokens.length).map((each) => each.refresh_token)).not.toContain(refresh_token);
    }),
    { numRuns: 15, examples: [[lostBefore, [{ kind: "refresh", token: 0 }]]] },
  );
}, 120_000);
