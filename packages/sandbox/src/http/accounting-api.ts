import type { FastifyInstance, FastifyRequest } from "fastify";
import { type ApiAccess, apiAccess, type Contact, type Organisation, type Turn } from "../engine/index.ts";
import type { World } from "../world.ts";
import type { Answer } from "./answer.ts";
import { apiRefusal } from "./api-refusal.ts";
import { bearerOf } from "./bearer.ts";
import { carryOut, type Done } from "./exchange.ts";
import { queryOf } from "./form-body.ts";
import { toXml } from "./xml.ts";

type Granted = Extract<ApiAccess, { readonly kind: "ok" }>;

interface Resource {
  readonly path: string;
  readonly scopes: readonly string[];
  /** The members beside the envelope, or null: there is no such thing. */
  read(
    turn: Turn,
    granted: Granted,
    asked: { readonly id: string | null; readonly query: URLSearchParams },
  ): Record<string, unknown> | null;
}

const resources: readonly Resource[] = [
  {
    path: "/api.xro/2.0/Organisation",
    scopes: ["accounting.settings", "accounting.settings.read"],
    read: (_turn, { organisation }) => ({ Organisations: [organisationShape(organisation)] }),
  },
  {
    path: "/api.xro/2.0/Contacts",
    scopes: ["accounting.contacts", "accounting.contacts.read"],
    read: (turn, { organisation }, { query }) => contactPage(contactsOf(turn, organisation), query),
  },
  {
    path: "/api.xro/2.0/Contacts/:id",
    scopes: ["accounting.contacts", "accounting.contacts.read"],
    read(turn, { organisation }, { id }) {
      const found = contactsOf(turn, organisation).filter((contact) => contact.id === id?.toLowerCase());
      return found.length === 0 ? null : { Contacts: found.map(contactShape) };
    },
  },
];

/** The accounting API: each resource of the table, by GET. */
export function addAccountingApi(server: FastifyInstance, world: World): void {
  for (const resource of resources) {
    server.get(resource.path, { config: { xeroHost: "api" } }, async (request: FastifyRequest, reply) => {
      const bearer = await bearerOf(world, request);
      const work = () => answerResource(world, request, { resource, accessTokenId: bearer.accessTokenId });
      return carryOut(world, { request, reply }, { endpoint: "api", grantType: null, clientId: bearer.clientId, work });
    });
  }
}

function answerResource(
  world: World,
  request: FastifyRequest,
  asked: { readonly resource: Resource; readonly accessTokenId: string | null },
): Done {
  const { resource, accessTokenId } = asked;
  const instance = world.nextCorrelationId();
  const tenant = request.headers["xero-tenant-id"];
  const tenantId = typeof tenant === "string" && tenant.trim() !== "" ? tenant.trim() : null;
  return world.engine.run(world.clock.nowMs(), (turn) => {
    const access = apiAccess(turn, { accessTokenId, tenantId, scopes: resource.scopes });
    if (access.kind !== "ok")
      return { answer: apiRefusal(access, turn.switches, instance), outcome: access.kind, committed: false };
    const id = (request.params as { readonly id?: string }).id ?? null;
    const members = resource.read(turn, access, { id, query: queryOf(request.url) });
    if (members === null) return { answer: notFound, outcome: "not-found", committed: false };
    const app = turn.draft.get("apps", access.access.clientId);
    const envelope = {
      Id: instance,
      Status: "OK",
      ProviderName: app?.name ?? "",
      DateTimeUTC: xeroDate(turn.nowMs),
      ...members,
    };
    return { answer: represent(request, envelope, instance), outcome: "ok", committed: false };
  });
}

const notFound: Answer = {
  status: 404,
  headers: { "content-type": "text/html; charset=utf-8" },
  body: "The resource you're looking for cannot be found",
};

function represent(request: FastifyRequest, envelope: Record<string, unknown>, correlationId: string): Answer {
  const headers = { "xero-correlation-id": correlationId, "cache-control": "no-store" };
  // XML unless JSON is asked for by name: "*/*" is not enough.
  if (!/application\/json|text\/json/i.test(request.headers.accept ?? "")) {
    return {
      status: 200,
      headers: { "content-type": "text/xml; charset=utf-8", ...headers },
      body: toXml("Response", envelope),
    };
  }
  const body = JSON.stringify(envelope, null, 2)
    .replaceAll("\n", "\r\n")
    .replaceAll(/"\/Date\((\d+)\+0000\)\/"/g, '"\\/Date($1+0000)\\/"');
  return { status: 200, headers: { "content-type": "application/json; charset=utf-8", ...headers }, body };
}

const xeroDate = (ms: number): string => `/Date(${ms}+0000)/`;

const organisationShape = (organisation: Organisation) => ({
  Name: organisation.name,
  LegalName: organisation.legalName,
  PaysTax: true,
  Version: organisation.countryCode === "GB" ? "UK" : organisation.countryCode,
  OrganisationType: "COMPANY",
  BaseCurrency: organisation.baseCurrency,
  CountryCode: organisation.countryCode,
  IsDemoCompany: organisation.isDemoCompany,
  OrganisationStatus: "ACTIVE",
  FinancialYearEndDay: 31,
  FinancialYearEndMonth: 3,
  SalesTaxBasis: "PAYMENTS",
  SalesTaxPeriod: "TWOMONTHS",
  CreatedDateUTC: xeroDate(organisation.createdAtMs),
  OrganisationEntityType: "COMPANY",
  Timezone: organisation.timezone,
  ShortCode: organisation.shortCode,
  OrganisationID: organisation.id,
  Edition: "BUSINESS",
  Class: organisation.isDemoCompany ? "DEMO" : "PREMIUM",
  Addresses: [],
  Phones: [],
  ExternalLinks: [],
  PaymentTerms: {},
});

const contactsOf = (turn: Turn, organisation: Organisation): readonly Contact[] =>
  [...turn.draft.all("contacts")]
    .filter((contact) => contact.organisationId === organisation.id)
    .sort((a, b) => a.name.localeCompare(b.name));

function contactPage(contacts: readonly Contact[], query: URLSearchParams): Record<string, unknown> {
  const asked = query.get("page");
  if (asked === null) return { Contacts: contacts.map(contactShape) };
  const page = boundedInteger(asked, { least: 1, most: 1_000_000, otherwise: 1 });
  const pageSize = boundedInteger(query.get("pageSize"), { least: 1, most: 1000, otherwise: 100 });
  const pagination = { page, pageSize, pageCount: Math.ceil(contacts.length / pageSize), itemCount: contacts.length };
  return { pagination, Contacts: contacts.slice((page - 1) * pageSize, page * pageSize).map(contactShape) };
}

function boundedInteger(
  text: string | null,
  bounds: { readonly least: number; readonly most: number; readonly otherwise: number },
): number {
  const value = Number(text ?? bounds.otherwise);
  return Number.isInteger(value) ? Math.min(Math.max(value, bounds.least), bounds.most) : bounds.otherwise;
}

const contactShape = (contact: Contact) => ({
  ContactID: contact.id,
  ContactStatus: "ACTIVE",
  Name: contact.name,
  EmailAddress: contact.emailAddress,
  BankAccountDetails: "",
  Addresses: [],
  Phones: [],
  UpdatedDateUTC: xeroDate(contact.updatedAtMs),
  ContactGroups: [],
  IsSupplier: contact.isSupplier,
  IsCustomer: contact.isCustomer,
  ContactPersons: [],
  HasAttachments: false,
  HasValidationErrors: false,
});
