import { SaxesParser } from "saxes";
import { badBody } from "../accounting/refusals.ts";
import { RESOURCES } from "../accounting/resources.ts";

/** A body as the accounting API reads it: JSON as it came, XML as the same content in JSON. Throws `bad-body`. */
export const jsonOfBody = (body: string): string => (/^\s*</.test(body) ? JSON.stringify(treeOf(body)) : body);

/** Elements that are lists in JSON, and what each entry is called. Everything else that has children is one object. */
const LISTS: ReadonlyMap<string, string> = new Map([
  ...RESOURCES.map(({ list, element }) => [list, element] as const),
  ["LineItems", "LineItem"],
  ["Addresses", "Address"],
  ["Phones", "Phone"],
  ["ContactPersons", "ContactPerson"],
]);

// Deeper than anything the API knows.
const DEPTH_MAX = 20;

type Value = string | Value[] | { [name: string]: Value };

interface Open {
  readonly name: string;
  readonly children: (readonly [string, Value])[];
  text: string;
}

// XML 1.0 without document types, so that no body can define what it then repeats a million times.
function treeOf(body: string): Value {
  const parser = new SaxesParser();
  const root: Open = { name: "", children: [], text: "" };
  const open: Open[] = [root];
  const innermost = (): Open => open.at(-1) ?? root;
  parser.on("error", (error) => {
    throw badBody(`The body is not well-formed XML: ${error.message}`);
  });
  parser.on("doctype", () => {
    throw badBody("A document type is not taken. Send the elements alone.");
  });
  parser.on("opentag", ({ name }) => {
    if (open.length > DEPTH_MAX) throw badBody(`Elements may be nested ${DEPTH_MAX} deep at most.`);
    open.push({ name, children: [], text: "" });
  });
  const addText = (text: string): void => {
    innermost().text += text;
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("closetag", () => {
    const closed = open.pop() ?? root;
    innermost().children.push([closed.name, contentOf(closed)]);
  });
  parser.write(body.trim()).close();
  return Object.fromEntries(root.children);
}

function contentOf({ name, children, text }: Open): Value {
  const entry = LISTS.get(name);
  if (entry !== undefined) return children.filter(([child]) => child === entry).map(([, value]) => value);
  return children.length === 0 ? text.trim() : Object.fromEntries(children);
}
