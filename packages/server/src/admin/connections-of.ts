import type { CreateName, OperationRequest } from "@evergrant/contract";

type Named<Name extends CreateName> = (asked: Pick<OperationRequest<Name>, "params" | "body">) => readonly string[];

const none = (): readonly string[] => [];
const permitted = ({ body }: { readonly body: { readonly permissions: readonly { readonly connection: string }[] } }) =>
  body.permissions.map(({ connection }) => connection);

const NAMED: { readonly [Name in CreateName]: Named<Name> } = {
  ...{ addApp: none, addAppSecret: none, addOperator: none, addOperatorKey: none },
  ...{ addCallerSecret: none, addRecipientSecret: none },
  createConnection: ({ body }) => [body.name],
  createConsentLink: ({ params }) => [params.name],
  beginPastedConsent: ({ params }) => [params.name],
  addRecipient: ({ body }) => (body.connection === null ? [] : [body.connection]),
  addCaller: permitted,
  addSecretlessCaller: permitted,
};

/** Which connections a create is about, by name: its answer tells of them. */
export function connectionsOf(
  name: CreateName,
  asked: { readonly params: unknown; readonly body: unknown },
): readonly string[] {
  // Each takes what its own schemas gave: the contract ties the two together by name.
  const named = NAMED[name] as (request: unknown) => readonly string[];
  return [...new Set(named(asked))];
}
