import type { Connection } from "@evergrant/contract";
import { DEMO_PASSWORD } from "@evergrant/sandbox";
import { callExample, tokenExample } from "./curl-examples.ts";
import type { StartedDemo } from "./start-demo.ts";

export interface DemoCall {
  /** Where the provider's API is, with a path that every organisation answers; null where none is known. */
  readonly exampleUrl: string | null;
  readonly tenantHeader: string | null;
}

/** What a started demo says to the person in front of it. */
export function demoText(demo: StartedDemo, call: DemoCall): string {
  const { facts } = demo;
  return [
    ...where(demo),
    "",
    ...consent(demo),
    "",
    "2. Get a token, as one of your servers would",
    "",
    ...tokenExample(facts).map((line) => `   ${line}`),
    "",
    ...(call.exampleUrl === null
      ? []
      : [
          "3. Call the API with it",
          "",
          ...callExample(facts, { ...call, url: call.exampleUrl }).map((line) => `   ${line}`),
          "",
        ]),
    `The same facts are in ${demo.file}. Ctrl-C ends everything; the next start goes on from here.`,
  ].join("\n");
}

function where({ facts, redirectUri, connection }: StartedDemo): readonly string[] {
  const evergrant = `Evergrant  ${facts.evergrant}`;
  if (facts.sandbox === null && connection.kind === "client_credentials") return [evergrant];
  if (facts.sandbox === null)
    return [evergrant, "", "Register this redirect URI at the provider, character for character:", `   ${redirectUri}`];
  const { identity, control } = facts.sandbox;
  return [
    evergrant,
    `Sandbox    ${identity}  (stands in for Xero)`,
    `           ${control}  (its page: token families, its clock to move, faults to place)`,
  ];
}

function consent({ facts, connection }: StartedDemo): readonly string[] {
  if (connection.kind === "client_credentials")
    return [
      `1. ${connection.name} needs no consent link: authorise the app at the provider (status: ${connection.status}).`,
    ];
  if (isConsented(connection)) {
    const names = connection.tenants.map(({ name }) => name).join(", ") || "no organisation";
    return [
      `1. ${connection.name} is already connected (${names}; status: ${connection.status}).`,
      "   The link to consent again, for the day it is needed:",
      "",
      `   ${facts.consentLink}`,
    ];
  }
  const logIn =
    facts.sandbox === null
      ? []
      : [
          "",
          `   Log in as jane@demo.example, password ${DEMO_PASSWORD} (also: sam, rita, ivan @demo.example), choose an organisation.`,
        ];
  return ["1. Give consent once, in a browser", "", `   ${facts.consentLink}`, ...logIn];
}

/** Whether a person's consent has been accepted, now or once. */
export function isConsented({ status, subject }: Connection): boolean {
  return subject !== null && status !== "awaiting-consent" && status !== "consent-held";
}
