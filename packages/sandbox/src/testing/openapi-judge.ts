import { join } from "node:path";
import { type Document, OpenAPIBackend, type Operation } from "openapi-backend";
import { EXTRA_MEMBERS, MISSING_MEMBERS, UNNAMED_STATUSES } from "./openapi-exceptions.ts";

/** One call and its answer. */
export interface Judged {
  readonly method: string;
  /** Without the base path, e.g. `/Invoices/…`. */
  readonly path: string;
  readonly status: number;
  readonly body: string;
}

export interface Judge {
  /** What of an answer does not conform; empty: all does. */
  problems(answer: Judged): readonly string[];
}

/** For tests: reads Xero's OpenAPI file from a folder, makes it strict, and judges answers by it. */
export async function openApiJudge(folder: string): Promise<Judge> {
  const file = join(folder, "xero_accounting.yaml");
  const loaded = await new OpenAPIBackend({ definition: file, quick: true }).loadDocument();
  const api = new OpenAPIBackend({
    definition: strictened(loaded),
    quick: true,
    customizeAjv(ajv) {
      ajv.addFormat("uuid", /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
      for (const format of ["double", "float", "int32", "int64"])
        ajv.addFormat(format, { type: "number", validate: Number.isFinite });
      for (const format of ["date", "date-time", "byte", "binary", "uri", "email"]) ajv.addFormat(format, true);
      return ajv;
    },
  });
  await api.init();
  const operations = api.router.getOperations();
  // Compiling a schema takes long and holds everything up: it is done now, and once for all operations that share it.
  const alike = (operation: Operation, status: number) =>
    operations.find((each) => schemaOf(each, status) === schemaOf(operation, status)) ?? operation;
  for (const path of served)
    for (const operation of operations)
      if (operation.path === path) api.validateResponse({}, alike(operation, 200), 200);
  const errorOperation = operations.find((operation) => operation.operationId === "createInvoices");
  if (errorOperation === undefined) throw new Error("the OpenAPI file has no createInvoices");
  return {
    problems(answer) {
      const operation = operations.find((each) => answers(each, answer));
      if (operation === undefined) return [`no operation ${answer.method} ${answer.path}`];
      if (schemaOf(operation, answer.status) !== undefined) return byFile(api, alike(operation, answer.status), answer);
      const unnamed = UNNAMED_STATUSES[answer.status];
      switch (unnamed?.body) {
        case "error":
          return byFile(api, errorOperation, answer);
        case "problem":
          return problemProblems(answer);
        case "text":
          return answer.body.startsWith("{") || answer.body.startsWith("<") ? ["text was expected"] : [];
        case undefined:
          return [`the file names no status ${answer.status}`];
      }
    },
  };
}

const served = ["/Organisation", "/Accounts", "/Contacts", "/Invoices", "/Payments", "/BankTransactions"];

type Responses = Readonly<
  Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> } | undefined>
>;

const schemaOf = (operation: Operation, status: number): unknown =>
  ((operation.responses ?? {}) as Responses)[status]?.content?.["application/json"]?.schema;

function byFile(api: OpenAPIBackend, operation: Operation, answer: Judged): readonly string[] {
  const { errors } = api.validateResponse(parsed(answer.body), operation, answer.status);
  return (errors ?? []).map((error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function problemProblems({ status, body }: Judged): readonly string[] {
  const problem = parsed(body) as Readonly<Record<string, unknown>>;
  const names = Object.keys(problem).join();
  return names === "Type,Title,Status,Detail,Instance,Extensions" && problem.Status === status
    ? []
    : [`not a problem: ${body}`];
}

const answers = (operation: Operation, { method, path }: Judged): boolean => {
  const pattern = operation.path.replaceAll(/\{[^}]+\}/g, "[^/]+");
  return operation.method.toUpperCase() === method && new RegExp(`^${pattern}$`).test(path);
};

type Json = unknown;
type JsonObject = { readonly [name: string]: Json };

/** The document with unknown members forbidden, Xero's dates checked, and siblings of `$ref` ignored as OpenAPI 3.0 has it. */
function strictened(document: Json): Document {
  const clean = withoutSiblings(document) as JsonObject;
  const components = clean.components as JsonObject;
  const schemas = Object.entries(components.schemas as Readonly<Record<string, JsonObject>>).map(([name, schema]) => [
    name,
    strictSchema(name, schema),
  ]);
  return { ...clean, components: { ...components, schemas: Object.fromEntries(schemas) } } as unknown as Document;
}

// The sandbox has none of these; an answer with one of them is convicted, and the rest is compiled in a tenth of the time.
const absent = [
  "CreditNote",
  "Prepayment",
  "Overpayment",
  "BatchPayment",
  "Attachment",
  "BrandingTheme",
  "BatchPaymentDetails",
];

function strictSchema(name: string, schema: JsonObject): JsonObject {
  if (absent.includes(name)) return { type: "object", properties: {}, additionalProperties: false };
  if (schema.properties === undefined) return schema;
  const extra = EXTRA_MEMBERS.filter(({ schemas }) => schemas.includes(name)).map(
    ({ member }) => [member, {}] as const,
  );
  const known = extra.find(([member]) => member in (schema.properties as JsonObject));
  if (known !== undefined)
    throw new Error(`the OpenAPI file has ${name}.${known[0]}: take it off the list of exceptions`);
  const missing = MISSING_MEMBERS.filter((each) => each.schema === name).map(({ member }) => member);
  const required = ((schema.required ?? []) as readonly string[]).filter((member) => !missing.includes(member));
  return {
    ...schema,
    properties: { ...(schema.properties as JsonObject), ...Object.fromEntries(extra) },
    additionalProperties: false,
    ...(required.length === 0 ? { required: undefined } : { required }),
  };
}

function withoutSiblings(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutSiblings);
  if (typeof value !== "object" || value === null) return value;
  const object = value as JsonObject;
  if (typeof object.$ref === "string") return { $ref: object.$ref };
  const members = Object.entries(object)
    // Examples are no schemas, and some of them hold things that look like one.
    .filter(([name]) => name !== "example" && name !== "examples")
    .map(([name, member]) => [name, withoutSiblings(member)] as const);
  const isDate = object["x-is-msdate"] === true || object["x-is-msdate-time"] === true;
  return { ...Object.fromEntries(members), ...(isDate ? { pattern: "^/Date\\(-?\\d+(\\+0000)?\\)/$" } : {}) };
}
