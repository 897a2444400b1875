import { Secret } from "@evergrant/core";
import { expect, it } from "vitest";
import { KeeperWorld, refusal } from "../testing/keeper-world.ts";

it.each(["quickbooks-online", "zoho-books"])(
  "a token of %s, which says to the browser alone where a grant belongs, is refused before anything is sent",
  async (provider) => {
    const world = new KeeperWorld();
    await world.start();
    const client = { clientId: "id", clientSecret: new Secret("secret"), scopes: [], origins: null };
    await world.keeper.apps.add({ name: "other", provider, ...client, by: "operator" });
    const token = { connection: "old", app: "other", refreshToken: new Secret("rt"), expectedTenant: null };
    const brought = [{ ...token, expectedSubject: null }];
    expect(await refusal(world.keeper.imports.begin(brought, "operator"))).toBe("import_needs_consent");
    expect(world.provider.requests).toEqual([]);
    expect(await world.keeper.connections.list()).toEqual([]);
  },
);
