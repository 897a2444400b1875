import { z } from "zod";
import {
  ADMIN_API,
  ADMIN_API_PREFIX,
  IDEMPOTENCY_KEY_PATTERN,
  isCreate,
  type Operation,
  type OperationName,
} from "./admin-api.ts";
import { OPERATION_WORDS } from "./operation-words.ts";
import { problemSchema } from "./problem.ts";

type Json = Readonly<Record<string, unknown>>;

/** The admin API as an OpenAPI 3.1 document, drawn from the very schemas that check requests and answers. */
export function adminApiDocument(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [name, operation] of Object.entries<Operation>(ADMIN_API)) {
    const path = operation.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: described(name as OperationName, operation) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Evergrant admin API",
      version,
      description:
        "For operators. Instants are milliseconds since the epoch on Evergrant's clock. Unknown fields are refused. Refusals are problem documents (RFC 9457) with a stable `code`. Lists are read page by page: `next` of one answer is the `cursor` of the next question, null after the last. `x-evergrant-role` is the least role that may ask for an operation: viewer, operator, admin.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: ADMIN_API_PREFIX }],
    security: [{ operatorKey: [] }],
    paths,
    components: {
      securitySchemes: { operatorKey: { type: "http", scheme: "bearer" } },
      schemas: { Problem: drawn(problemSchema, "output") },
    },
  };
}

function described(name: OperationName, operation: Operation): Json {
  return {
    operationId: name,
    summary: OPERATION_WORDS[name].words,
    "x-evergrant-role": OPERATION_WORDS[name].role,
    ...parametersOf(name, operation),
    ...bodyOf(operation.body),
    responses: {
      [operation.status]: { description: "Done.", ...answerOf(operation) },
      default: {
        description: "Refused.",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
  };
}

function parametersOf(name: OperationName, operation: Operation): Json {
  const { params, query } = operation;
  const parameters = [
    ...Object.entries(propertiesOf(params)).map(([parameter, schema]) => ({
      ...{ name: parameter, in: "path", required: true, schema },
    })),
    ...Object.entries(propertiesOf(query)).map(([parameter, schema]) => ({
      ...{ name: parameter, in: "query", required: false, schema },
    })),
    ...(isCreate(name) ? [IDEMPOTENCY_KEY] : []),
  ];
  return parameters.length === 0 ? {} : { parameters };
}

const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "A random value. For 24 hours the same operator gets the first answer again under it, secrets included, and nothing more is made (`Idempotency-Replayed: true`).",
  schema: { type: "string", pattern: IDEMPOTENCY_KEY_PATTERN.source },
} as const;

function bodyOf(body: z.ZodType): Json {
  const schema = drawn(body, "input");
  if (Object.keys(propertiesIn(schema)).length === 0) return {};
  // A body that may be left out is one that may be empty.
  const required = !body.safeParse({}).success;
  return { requestBody: { required, content: { "application/json": { schema } } } };
}

function answerOf({ status, answer }: Operation): Json {
  return status === 204 ? {} : { content: { "application/json": { schema: drawn(answer, "output") } } };
}

const propertiesOf = (schema: z.ZodType): Json => propertiesIn(drawn(schema, "input"));

const propertiesIn = (schema: Json): Json => (schema["properties"] ?? {}) as Json;

function drawn(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io,
    target: "draft-2020-12",
    unrepresentable: "any",
  });
  return rest;
}
