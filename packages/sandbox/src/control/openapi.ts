import { z } from "zod";
import { SWITCHES, type SwitchFacts } from "../engine/index.ts";
import { SANDBOX_ERRORS } from "../errors.ts";
import { inputs } from "./inputs.ts";
import { OPERATIONS, type Operation } from "./operations.ts";

type Json = Readonly<Record<string, unknown>>;

/** The control API as an OpenAPI 3.1 document. What it takes is drawn from the very schemas that check it. */
export function openApiDocument(): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const { path, method, operation } of [...OPERATIONS.map(described), ...followerOperations])
    paths[path] = { ...paths[path], [method]: operation };
  return {
    openapi: "3.1.0",
    info: {
      title: "Sandbox control API",
      version: "1",
      description:
        "Answers on this machine only, and to no web page of another origin. Unknown members are refused. Instants are epoch milliseconds.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/__sandbox" }],
    paths,
    components: { schemas: { Error: errorSchema } },
  };
}

const json = (schema: Json): Json => ({ "application/json": { schema } });

const refused: Json = {
  description: "Refused: a stable code, and a sentence that says what to do.",
  content: json({ $ref: "#/components/schemas/Error" }),
};

const answers: Json = {
  "200": { description: 'Done. An operation that gives nothing back answers `{ "ok": true }`.', content: json({}) },
  default: refused,
};

function described([method, path, name, takes, does]: Operation) {
  const first = OPERATIONS.findIndex((each) => each[2] === name);
  const repeated = OPERATIONS.findIndex((each) => each[0] === method && each[1] === path) !== first;
  const operation = {
    operationId: repeated ? `${name}By${method}` : name,
    summary: does,
    ...parametersOf(path),
    ...bodyOf(takes),
    responses: answers,
  };
  return { path: `/${path.replaceAll(/:(\w+)/g, "{$1}")}`, method: method.toLowerCase(), operation };
}

function parametersOf(path: string): Json {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  if (names.length === 0) return {};
  return { parameters: names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })) };
}

function bodyOf(takes: Operation[3]): Json {
  if (takes === null) return {};
  const schema = takes === "switches" ? switchesSchema() : drawn(inputs[takes]);
  // A body that may be left out is one that may be empty.
  return { requestBody: { required: !inputs[takes].safeParse({}).success, content: json(schema) } };
}

function drawn(schema: z.ZodType): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: "input", target: "draft-2020-12" });
  return rest;
}

const switchesSchema = (): Json => ({
  type: "object",
  additionalProperties: false,
  properties: Object.fromEntries(Object.entries(SWITCHES).map(([name, facts]) => [name, switchSchema(facts)])),
});

const counts = { minimum: 1, maximum: 315_576_000_000 };

function switchSchema({ accepts, about }: SwitchFacts): Json {
  switch (accepts.kind) {
    case "one-of":
      return { enum: accepts.values, description: about };
    case "seconds":
      return { type: "integer", ...counts, description: about };
    case "count-or-null":
      return { type: ["integer", "null"], ...counts, description: about };
  }
}

const errorSchema: Json = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message"],
      properties: { code: { enum: Object.keys(SANDBOX_ERRORS) }, message: { type: "string" } },
    },
  },
};

/** What a process needs that follows the clock. */
const followerOperations = [
  {
    path: "/clock/follow",
    method: "get",
    operation: {
      operationId: "followClock",
      summary: "a stream of JSON lines: `welcome` with the follower's id, then `clock` with the offset at each step",
      responses: { "200": { description: "The stream.", content: { "application/x-ndjson": { schema: {} } } } },
    },
  },
  {
    path: "/clock/followers/{id}",
    method: "post",
    operation: {
      operationId: "reportFollower",
      summary: "a follower's report about a step: whether it is idle, and when it is next due",
      ...parametersOf("clock/followers/:id"),
      ...bodyOf("followerReport"),
      responses: answers,
    },
  },
];
