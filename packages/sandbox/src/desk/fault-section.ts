import {
  FAULT_ACTIONS,
  FAULT_ENDPOINTS,
  FAULT_METHODS,
  FAULT_POINTS,
  type FaultAction,
  type FaultActionKind,
  type FaultSide,
} from "../fault-table.ts";
import type { Fault } from "../faults.ts";
import { type Html, html } from "../http/html.ts";
import { type Choice, deskForm, rowButton, selectField, textField } from "./forms.ts";
import type { DeskVisit } from "./visit.ts";

interface FaultField {
  readonly name: string;
  readonly label: string;
  readonly number: boolean;
  readonly hint?: string;
  /** The actions it is a part of; absent: it says which exchanges are hit. */
  readonly of?: readonly FaultActionKind[];
}

/** What is typed in; the rest is chosen from lists. */
export const FAULT_FIELDS: readonly FaultField[] = [
  { name: "ms", label: "milliseconds", number: true, hint: "2000", of: ["stall"] },
  { name: "chunkBytes", label: "bytes at a time", number: true, hint: "1", of: ["drip"] },
  { name: "everyMs", label: "every, ms", number: true, hint: "100", of: ["drip"] },
  { name: "status", label: "status", number: true, hint: "503", of: ["status", "html", "answer"] },
  { name: "retryAfterSeconds", label: "Retry-After, s", number: true, of: ["status"] },
  { name: "contentType", label: "content type", number: false, hint: "text/html", of: ["answer", "content-type"] },
  { name: "body", label: "body", number: false, of: ["answer"] },
  { name: "path", label: "path begins with", number: false, hint: "/api.xro/2.0/Invoices" },
  { name: "nth", label: "nth match", number: true, hint: "1" },
  { name: "times", label: "how many times", number: true, hint: "1; 0: until removed" },
  { name: "probability", label: "probability", number: true, hint: "0.3" },
];

/** The placed faults, and how often each struck. */
export function placedFaults(visit: DeskVisit): Html {
  const faults = visit.control.faults();
  if (faults.length === 0) return html`<p>None is placed.</p>`;
  return html`<table><thead><tr><th>fault</th><th>hits</th><th>when</th><th>does</th><th>matched</th><th>hit</th><th></th></tr></thead><tbody>${faults.map(
    (fault) =>
      html`<tr><td>${fault.id}</td><td>${fault.endpoint} ${matchText(fault, visit)}</td><td>${fault.point}</td><td>${actionText(fault.action)}</td><td>${String(fault.seen)}</td><td>${String(fault.hits)}${timesText(fault)}</td><td>${rowButton("faults/remove", "Remove", { id: fault.id })}</td></tr>`,
  )}</tbody></table>
    ${rowButton("faults/clear", "Remove all", {})}`;
}

/** Places a fault: the same table that the control API takes it by. */
export function faultForm(visit: DeskVisit): Html {
  const list = (name: string, label: string, choices: readonly Choice[]) =>
    selectField(name, label, { choices, chosen: visit.value(name) });
  return html`
    ${rowButton("faults/drop-next-refresh", "Drop next refresh", {})}
    ${deskForm(
      "faults",
      html`<fieldset><legend>What, where</legend>
        ${list("endpoint", "endpoint", endpointChoices)} ${list("point", "point", pointChoices)} ${list("action", "action", actionChoices)}
        ${fieldsOf(visit, true)}</fieldset>
      <fieldset><legend>Which ones</legend>
        ${list("grantType", "grant type", [any, ...["refresh_token", "authorization_code", "client_credentials"].map(plain)])}
        ${list("clientId", "app", [
          any,
          ...visit.control
            .apps()
            .slice(-mostChoices)
            .map(({ clientId, name }) => ({ value: clientId, text: name })),
        ])}
        ${list("userId", "person", [
          any,
          ...visit.control
            .users()
            .slice(-mostChoices)
            .map(({ id, email }) => ({ value: id, text: email })),
        ])}
        ${list("organisationId", "organisation", [
          any,
          ...visit.control
            .organisations()
            .slice(-mostChoices)
            .map(({ id, name }) => ({ value: id, text: name })),
        ])}
        ${list("method", "method", [any, ...FAULT_METHODS.map(plain)])}
        ${fieldsOf(visit, false)}</fieldset>
      <button type="submit">Place fault</button>`,
    )}`;
}

/** Longer lists help nobody; the control API takes any id. */
const mostChoices = 200;

const plain = (value: string): Choice => ({ value, text: value });
const any: Choice = { value: "", text: "any" };
const endpointChoices = Object.entries(FAULT_ENDPOINTS).map(([name, { side }]) => ({ ...plain(name), data: { side } }));
const pointChoices = Object.keys(FAULT_POINTS).map(plain);
const actionChoices = Object.entries(FAULT_ACTIONS).map(([kind, { at }]) => ({
  ...plain(kind),
  data: Object.fromEntries(
    (["answer", "webhook", "mail"] as const satisfies readonly FaultSide[]).map((side) => [
      side,
      (at[side] ?? []).join(" "),
    ]),
  ),
}));

const fieldsOf = (visit: DeskVisit, ofActions: boolean): readonly Html[] =>
  FAULT_FIELDS.filter(({ of }) => (of !== undefined) === ofActions).map(({ name, label, number, hint, of }) =>
    textField(name, label, {
      value: visit.value(name),
      number,
      ...(hint === undefined ? {} : { hint }),
      ...(of === undefined ? {} : { of: of.join(" ") }),
    }),
  );

function matchText(fault: Fault, { control }: DeskVisit): string {
  const { grantType, clientId, userId, grantId, organisationId, method, path, nth, probability } = fault;
  const nameOf = (list: readonly { readonly name: string; readonly id: string }[], id: string | undefined) =>
    list.find((each) => each.id === id)?.name ?? id;
  const app = control.apps().find((each) => each.clientId === clientId)?.name ?? clientId;
  const person = control.users().find(({ id }) => id === userId)?.email ?? userId;
  const organisation = nameOf(control.organisations(), organisationId);
  const named = { app, person, grant: grantId, organisation, path };
  return [
    grantType,
    method,
    ...Object.entries(named).map(([name, value]) => (value === undefined ? undefined : `${name} ${value}`)),
    nth === undefined ? undefined : `from match ${nth} on`,
    probability === undefined ? undefined : `with chance ${probability}`,
  ]
    .filter((text) => text !== undefined)
    .join(", ");
}

function timesText({ times, probability }: Fault): string {
  if (times === null || (times === undefined && probability !== undefined)) return ", until removed";
  return ` of ${times ?? 1}`;
}

function actionText({ kind, ...more }: FaultAction): string {
  const details = Object.entries(more).map(([name, value]) => `${name} ${String(value).slice(0, 60)}`);
  return [kind, ...details].join(", ");
}
