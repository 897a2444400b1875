import {
  type AuthoriseRefusal,
  addSecret,
  authoriseCustomConnection,
  buyCustomConnection,
  type CustomConnectionApp,
  createCustomConnection,
  deactivateCustomConnection,
  editCustomConnection,
  endLinks,
  endPurchase,
  isBought,
  mailConsentLink,
  type PurchaseRefusal,
  refusedAtCreation,
  refusedAtEdit,
  type Turn,
  type User,
} from "../engine/index.ts";
import { SandboxError, type SandboxErrorCode } from "../errors.ts";
import { type RenderedMail, renderMail } from "../mail/render-mail.ts";
import { appOf, type CreatedApp, newClientId } from "./app-control.ts";
import { type CustomConnectionView, customConnectionView } from "./custom-connection-view.ts";
import {
  type AuthoriseCustomConnectionInput,
  type BuyCustomConnectionInput,
  type ChangeCustomConnectionInput,
  type CreateCustomConnectionInput,
  inputs,
} from "./inputs.ts";
import { instantMs } from "./instants.ts";
import { parseInput } from "./parse-input.ts";
import { type RedactedApp, redactApp } from "./redacted-state.ts";
import { checkScopes } from "./redirect-uris.ts";

export interface CustomConnectionControl {
  customConnections(): readonly CustomConnectionView[];
  /** A Custom Connection in the state `awaiting-consent`; its authorising user (`userId` or `email`) gets a mail. */
  createCustomConnection(input: CreateCustomConnectionInput): CreatedApp;
  /** Other scopes, another user or (`organisationId: null`) another organisation deactivate it, and a new mail goes out. */
  changeCustomConnection(clientId: string, input: ChangeCustomConnectionInput): RedactedApp;
  /** The authorising user consents: `active`. What a live organisation has to buy is bought, unless `buy` is false. */
  authoriseCustomConnection(clientId: string, input: AuthoriseCustomConnectionInput): RedactedApp;
  deactivateCustomConnection(clientId: string): RedactedApp;
  /** Sends the authorising user a mail with a new link; the links before it end. */
  mailConsentLink(clientId: string): RenderedMail;
  /** A user of a live organisation (the authorising user, if none is named) buys the subscription. */
  buyCustomConnection(clientId: string, input: BuyCustomConnectionInput): CustomConnectionView;
  /** The subscription ends: `lapsed`. */
  endPurchase(clientId: string): CustomConnectionView;
  /** The outbox, oldest first. */
  mails(): readonly RenderedMail[];
  mail(id: string): RenderedMail;
}

type InTurn = <R>(work: (turn: Turn) => R) => R;

/** The part of the control API that is about Custom Connections and the mails that ask for consent to them. */
export function createCustomConnectionControl(inTurn: InTurn, ownOrigin: () => string): CustomConnectionControl {
  return {
    customConnections: () => inTurn((turn) => customsOf(turn).map((app) => customConnectionView(turn, app))),
    createCustomConnection: (input) => inTurn((turn) => create(turn, input)),
    changeCustomConnection: (clientId, input) => inTurn((turn) => change(turn, clientId, input)),
    authoriseCustomConnection: (clientId, input) => inTurn((turn) => authorise(turn, clientId, input)),
    deactivateCustomConnection: (clientId) =>
      inTurn((turn) => {
        deactivateCustomConnection(turn, customOf(turn, clientId).clientId);
        return redactApp(appOf(turn, clientId));
      }),
    mailConsentLink: (clientId) =>
      inTurn((turn) => renderMail(turn, mailConsentLink(turn, customOf(turn, clientId)), ownOrigin())),
    buyCustomConnection: (clientId, input) => inTurn((turn) => buy(turn, clientId, input)),
    endPurchase: (clientId) =>
      inTurn((turn) => {
        const app = customOf(turn, clientId);
        if (!endPurchase(turn, app.clientId))
          throw new SandboxError("not_found", "There is no subscription that could end.");
        return customConnectionView(turn, customOf(turn, clientId));
      }),
    mails: () => inTurn((turn) => [...turn.draft.all("mails")].map((mail) => renderMail(turn, mail, ownOrigin()))),
    mail: (id) =>
      inTurn((turn) => {
        const mail = turn.draft.get("mails", id);
        if (mail === undefined) throw new SandboxError("not_found", "There is no mail with that id.");
        return renderMail(turn, mail, ownOrigin());
      }),
  };
}

const refusals: { readonly [R in AuthoriseRefusal | PurchaseRefusal]: [SandboxErrorCode, string] } = {
  "unknown-app": ["not_found", "There is no app with that client id."],
  "not-a-custom-connection": ["wrong_kind", "That app is not a Custom Connection."],
  "not-a-member": ["not_found", "That user does not belong to that organisation. Give them a role there first."],
  "role-may-not-connect": ["role_may_not_connect", "Only the Standard and Adviser roles may connect."],
  region: ["region_not_served", "Custom Connections exist for organisations in AU, NZ, GB and US only."],
  "not-bought": ["purchase_needed", "A user of that organisation has to buy the Custom Connection first."],
  "bought-elsewhere": [
    "already_exists",
    "Another organisation has bought this Custom Connection. End that subscription first.",
  ],
  "needs-none": [
    "purchase_not_needed",
    "There is nothing to buy: it is bought, or the organisation is a demo company.",
  ],
};

const customsOf = (turn: Turn): readonly CustomConnectionApp[] =>
  [...turn.draft.all("apps")].filter((app): app is CustomConnectionApp => app.kind === "custom-connection");

function create(turn: Turn, input: CreateCustomConnectionInput): CreatedApp {
  const wanted = parseInput(inputs.createCustomConnection, input);
  const user = userOf(turn, wanted);
  if (user === null) throw new SandboxError("bad_request", 'Name the authorising user: either "userId" or "email".');
  const createdAtMs = wanted.createdAt === undefined ? turn.nowMs : instantMs(wanted.createdAt);
  if (createdAtMs > turn.nowMs) throw new SandboxError("bad_request", "createdAt cannot be in the future.");
  const scopes = checkScopes(wanted.scopes, "custom-connection");
  refuseRetired(refusedAtCreation(turn, createdAtMs, scopes));
  const clientId = newClientId(turn, wanted.clientId);
  const secret = wanted.withSecret ? addSecret(turn, wanted.clientSecret ?? null) : null;
  const { name, companyUrl = null } = wanted;
  const secrets = secret === null ? [] : [secret.kept];
  const facts = { clientId, name, companyUrl, scopes, authorisingUserId: user.id, secrets, createdAtMs };
  return {
    app: redactApp(createCustomConnection(turn, facts)),
    clientId,
    clientSecret: secret?.secret ?? null,
  };
}

function change(turn: Turn, clientId: string, input: ChangeCustomConnectionInput): RedactedApp {
  const wanted = parseInput(inputs.changeCustomConnection, input);
  const app = customOf(turn, clientId);
  const scopes = wanted.scopes === undefined ? undefined : checkScopes(wanted.scopes, "custom-connection");
  if (scopes !== undefined) refuseRetired(refusedAtEdit(turn, app, scopes));
  const edited = editCustomConnection(turn, app, {
    name: wanted.name,
    companyUrl: wanted.companyUrl,
    scopes,
    authorisingUserId: userOf(turn, wanted)?.id,
    forgetOrganisation: wanted.organisationId === null,
  });
  return redactApp(edited);
}

function authorise(turn: Turn, clientId: string, input: AuthoriseCustomConnectionInput): RedactedApp {
  const { organisationId, buy: buys } = parseInput(inputs.authoriseCustomConnection, input);
  const app = customOf(turn, clientId);
  const organisation = turn.draft.get("organisations", organisationId);
  if (buys && organisation !== undefined && !isBought(turn, clientId, organisation))
    buyInstead(turn, app, organisationId);
  const refused = authoriseCustomConnection(turn, clientId, organisationId);
  if (refused !== null) throw new SandboxError(...refusals[refused]);
  endLinks(turn, clientId, "allowed");
  return redactApp(appOf(turn, clientId));
}

/** The organisation that is connected now is the one that pays. */
function buyInstead(turn: Turn, app: CustomConnectionApp, organisationId: string): void {
  const by = { userId: app.custom.authorisingUserId, organisationId };
  if (buyCustomConnection(turn, app, by) !== "bought-elsewhere") return;
  endPurchase(turn, app.clientId);
  buyCustomConnection(turn, app, by);
}

function buy(turn: Turn, clientId: string, input: BuyCustomConnectionInput): CustomConnectionView {
  const { organisationId, userId } = parseInput(inputs.buyCustomConnection, input);
  const app = customOf(turn, clientId);
  const refused = buyCustomConnection(turn, app, { organisationId, userId: userId ?? app.custom.authorisingUserId });
  if (refused !== null) throw new SandboxError(...refusals[refused]);
  return customConnectionView(turn, app);
}

function refuseRetired([retired]: readonly string[]): void {
  if (retired === undefined) return;
  throw new SandboxError(
    "scope_retired",
    `Custom Connections cannot be given "${retired}" since 29 April 2026. Use granular scopes, or the switch cc.broad_scopes.`,
  );
}

function userOf(
  turn: Turn,
  named: { readonly userId?: string | undefined; readonly email?: string | undefined },
): User | null {
  if (named.userId !== undefined && named.email !== undefined)
    throw new SandboxError("bad_request", 'Name the authorising user once: either "userId" or "email".');
  if (named.userId === undefined && named.email === undefined) return null;
  const email = named.email?.toLowerCase();
  const user = [...turn.draft.all("users")].find(
    (each) => each.id === named.userId || each.email.toLowerCase() === email,
  );
  if (user === undefined) throw new SandboxError("not_found", "There is no such user. Create them first.");
  return user;
}

function customOf(turn: Turn, clientId: string): CustomConnectionApp {
  const app = appOf(turn, clientId);
  if (app.kind !== "custom-connection") throw new SandboxError(...refusals["not-a-custom-connection"]);
  return app;
}
