import type { OperationName } from "./admin-api.ts";
import type { OperatorRole } from "./operators.ts";

/** What an operation does, in a sentence, and the least role that may ask for it. */
interface OperationFacts {
  readonly role: OperatorRole;
  readonly words: string;
}

/**
 * What each operation of the admin API does, as its document says it, and who may ask for it: a viewer looks, an operator keeps
 * connections and consents going, an admin says who gets what. Whatever shows a secret is for those who may make one.
 */
export const OPERATION_WORDS: { readonly [Name in OperationName]: OperationFacts } = {
  me: { role: "viewer", words: "Who asks, with which role, and how this node is." },
  readQuarantine: {
    role: "viewer",
    words: "Whether the database is held because it may have been restored or copied.",
  },
  releaseQuarantine: { role: "admin", words: "Says which of the two it was; spending goes on." },
  listKeys: {
    role: "viewer",
    words: "The key-encryption keys by id: which nodes have them, and what still needs them.",
  },
  rotateKey: {
    role: "admin",
    words: "Makes another key the primary, at every node; data keys are wrapped anew behind.",
  },
  retireKey: { role: "admin", words: "Takes a key out of this node's ring that nothing needs any more." },
  readAudit: { role: "viewer", words: "The audit of all nodes, newest first, page by page." },
  verifyAudit: { role: "viewer", words: "Holds every node's chain of audit records against its hashes." },
  listProviders: { role: "viewer", words: "The providers that apps can be added for, and what each lets us promise." },
  listApps: { role: "viewer", words: "The apps: our OAuth clients at providers, oldest first, page by page." },
  addApp: { role: "admin", words: "Adds an app that was registered at its provider." },
  addAppSecret: { role: "admin", words: "Adds a client secret in front of the app's others." },
  setAppScopes: {
    role: "admin",
    words: "What the next consents ask for; connections that lack some of it are shown with what is missing.",
  },
  listConnections: { role: "viewer", words: "The connections, oldest first, page by page." },
  createConnection: { role: "operator", words: "Makes a connection that waits for its first consent." },
  readConnection: { role: "viewer", words: "One connection." },
  removeConnection: {
    role: "admin",
    words: "Disconnects it at the provider and removes it; the grant is revoked with its last connection.",
  },
  readRemoval: { role: "viewer", words: "What removing a connection, or revoking its grant, would end." },
  revokeGrant: { role: "admin", words: "Revokes the grant at the provider, with every connection that stands on it." },
  eraseGrant: {
    role: "admin",
    words: "Erases the grant with every connection on it: its key is destroyed, in the journals too, for good.",
  },
  disableConnection: { role: "operator", words: "Hands out no token of it any more." },
  enableConnection: { role: "operator", words: "Hands out its tokens again." },
  checkConnection: { role: "operator", words: "Looks at the provider's list of organisations now." },
  setWarmHours: {
    role: "operator",
    words: "When a token is kept ready though nobody asks: always, while it is used, or for a cron expression.",
  },
  readStory: {
    role: "viewer",
    words: "Why a connection is as it is: the last attempts, what happens next, what can be promised.",
  },
  createConsentLink: { role: "operator", words: "A link for a first consent: shown once, good once, for 14 days." },
  readReconsentLink: {
    role: "operator",
    words: "The link for a new consent: the same each time, until such links are revoked.",
  },
  revokeConsentLinks: {
    role: "operator",
    words: "Makes every consent link of this connection that was sent worthless.",
  },
  readConsentHistory: {
    role: "viewer",
    words: "Who consented to this connection, when, from where, and what came of it: newest first, page by page.",
  },
  beginPastedConsent: {
    role: "operator",
    words: "Starts a consent whose answer will be pasted: for a deployment that no browser reaches.",
  },
  pasteCallback: { role: "operator", words: "Takes the address that the provider sent the person's browser to." },
  listConsents: { role: "viewer", words: "Consents that wait for a yes or no, oldest first, page by page." },
  decideConsent: { role: "operator", words: "A yes or no to a consent that waits." },
  importTokens: {
    role: "admin",
    words: "Takes refresh tokens over from elsewhere: all are looked at first, then each is verified by one refresh.",
  },
  readImport: { role: "viewer", words: "What has become of an import." },
  listOperators: { role: "admin", words: "The people who run Evergrant, with their roles and keys, page by page." },
  addOperator: { role: "admin", words: "Adds an operator; the key is shown in this answer alone." },
  setOperatorRole: { role: "admin", words: "What an operator may do from now on." },
  setOperatorIdentity: { role: "admin", words: "How an operator is known where they sign in to the console." },
  addOperatorKey: { role: "admin", words: "A second key for an operator, shown in this answer alone." },
  removeOperatorKey: { role: "admin", words: "Takes a key away at once, and ends what was signed in with it." },
  disableOperator: { role: "admin", words: "Lets an operator in no more; the last admin stays." },
  enableOperator: { role: "admin", words: "Lets an operator in again." },
  listRecipients: { role: "viewer", words: "Who is told what happens, by mail or by signed webhook." },
  addRecipient: {
    role: "admin",
    words: "Adds somebody who is told; a webhook's secret is shown in this answer alone.",
  },
  removeRecipient: { role: "operator", words: "Tells somebody nothing more; what waited for them is dropped." },
  addRecipientSecret: {
    role: "admin",
    words:
      "A further secret for a webhook, shown in this answer alone; posts are signed with it and with the one before.",
  },
  disableRecipient: { role: "operator", words: "Tells somebody nothing, until they are switched on again." },
  enableRecipient: { role: "operator", words: "Tells somebody again, what waited first." },
  listDeliveries: {
    role: "viewer",
    words: "What was told to whom, newest first, page by page, and how much waits.",
  },
  replayNotices: { role: "operator", words: "Tells these notices once more, or all that were given up." },
  listCallers: { role: "viewer", words: "The callers: servers of yours, oldest first, page by page." },
  addCaller: { role: "admin", words: "Adds a caller; its client secret is shown in this answer alone." },
  addSecretlessCaller: { role: "admin", words: "Adds a caller that shows who it is by a key pair or as a workload." },
  removeCallerSecret: { role: "admin", words: "Takes a client secret away at once." },
  setCallerAuthentication: { role: "admin", words: "How a caller shows who it is, from which networks, how often." },
  addCallerSecret: { role: "admin", words: "A second client secret for a caller, shown in this answer alone." },
  setCallerPermissions: { role: "admin", words: "Takes the place of all that a caller may do." },
  disableCaller: { role: "operator", words: "Authenticates it no more." },
  enableCaller: { role: "admin", words: "Authenticates it again." },
};
