import { seedBooks } from "./accounting/seed-books.ts";
import type { Organisation, Role, Turn, User } from "./engine/index.ts";
import { membershipKey } from "./engine/index.ts";

/** The web app that every sandbox has from the start. Its secret is known to all: it opens nothing but a sandbox. */
export const DEMO_CLIENT_ID = "5A4D0B0C0E8F4B0F9A3C6D7E8F901234";
export const DEMO_CLIENT_SECRET = "sandbox-demo-secret-of-the-demo-app-000000000";
export const DEMO_PASSWORD = "sandbox";
export const DEMO_REDIRECT_URI = "http://localhost:4180/callback";

const people = [
  { name: "jane", givenName: "Jane", familyName: "Adviser" },
  { name: "sam", givenName: "Sam", familyName: "Standard" },
  { name: "rita", givenName: "Rita", familyName: "Readonly" },
  { name: "ivan", givenName: "Ivan", familyName: "Invoice" },
] as const;

const companies = [
  {
    name: "Demo Company (NZ)",
    countryCode: "NZ",
    baseCurrency: "NZD",
    timezone: "NEWZEALANDSTANDARDTIME",
    isDemoCompany: true,
  },
  {
    name: "Maple Florists (AU)",
    countryCode: "AU",
    baseCurrency: "AUD",
    timezone: "AUSEASTERNSTANDARDTIME",
    isDemoCompany: false,
  },
] as const;

const roles: readonly (readonly [(typeof people)[number]["name"], (typeof companies)[number]["name"], Role])[] = [
  ["jane", "Demo Company (NZ)", "Adviser"],
  ["jane", "Maple Florists (AU)", "Adviser"],
  ["sam", "Demo Company (NZ)", "Standard"],
  ["rita", "Demo Company (NZ)", "Read only"],
  ["ivan", "Demo Company (NZ)", "Invoice only"],
];

/** Fills an empty ledger: four people, two organisations, one web app. */
export function seedDemoData(turn: Turn, redirectUris: readonly string[]): void {
  for (const { name, givenName, familyName } of people)
    addUser(turn, { email: `${name}@demo.example`, givenName, familyName, password: DEMO_PASSWORD });
  for (const company of companies) addOrganisation(turn, company);
  for (const [person, company, role] of roles) {
    const userId = turn.mint.hex32(userLabel(`${person}@demo.example`));
    const organisationId = turn.mint.uuid(organisationLabel(company));
    turn.draft.put("memberships", membershipKey(userId, organisationId), { userId, organisationId, role });
  }
  turn.draft.put("apps", DEMO_CLIENT_ID, {
    kind: "web",
    clientId: DEMO_CLIENT_ID,
    name: "Demo app",
    scopes: null,
    // Of before the granular scopes, so that it may ask for both kinds; of a high tier, so that nothing limits a demo.
    createdAtMs: Date.UTC(2025, 0, 1),
    tier: "advanced",
    certified: true,
    secrets: [{ id: turn.mint.uuid("demo-secret"), hash: turn.mint.hash(DEMO_CLIENT_SECRET) }],
    redirectUris,
  });
}

export interface NewUser {
  readonly email: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly password: string;
}

/** A user's ids follow from the e-mail address, so that they stay the same from run to run. */
export function addUser(turn: Turn, { email, givenName, familyName, password }: NewUser): User {
  const label = userLabel(email);
  const user = {
    id: turn.mint.hex32(label),
    xeroUserId: turn.mint.uuid(label),
    email,
    givenName,
    familyName,
    passwordHash: turn.mint.hash(password),
  };
  turn.draft.put("users", user.id, user);
  return user;
}

export interface NewOrganisation {
  readonly name: string;
  readonly countryCode: string;
  readonly baseCurrency: string;
  readonly timezone: string;
  readonly isDemoCompany: boolean;
}

/** An organisation with its books; its id follows from its name. */
export function addOrganisation(turn: Turn, facts: NewOrganisation): Organisation {
  const label = organisationLabel(facts.name);
  const shortCode = `!${turn.mint
    .secret(label)
    .replaceAll(/[^A-Za-z]/g, "")
    .slice(0, 5)}`;
  const organisation = {
    ...facts,
    id: turn.mint.uuid(label),
    legalName: facts.name,
    shortCode,
    createdAtMs: turn.nowMs,
  };
  turn.draft.put("organisations", organisation.id, organisation);
  seedBooks(turn, organisation);
  return organisation;
}

const userLabel = (email: string) => `user:${email.toLowerCase()}`;
const organisationLabel = (name: string) => `organisation:${name}`;
