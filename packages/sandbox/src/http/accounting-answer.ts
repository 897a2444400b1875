import type { Refusal } from "../accounting/refusals.ts";
import type { Members } from "../accounting/values.ts";
import type { Answer } from "./answer.ts";
import { toXeroJson } from "./xero-json.ts";
import { toXml } from "./xml.ts";

/** A body before it is known whether the caller reads JSON. `root` is the XML element. */
export interface Body {
  readonly status: number;
  readonly root: "Response" | "ApiException";
  readonly members: Members;
}

/** JSON if it is asked for by name, else XML: `*\/*` is not enough. */
export function accountingAnswer(accept: string | undefined, body: Body): Answer {
  const json = /application\/json|text\/json/i.test(accept ?? "");
  return {
    status: body.status,
    headers: { "content-type": json ? "application/json; charset=utf-8" : "text/xml; charset=utf-8" },
    body: json ? toXeroJson(body.members) : toXml(body.root, body.members),
  };
}

/** What a refused call is answered with. */
export function refusalAnswer(accept: string | undefined, refusal: Refusal): Answer {
  const answer = (members: Members) => accountingAnswer(accept, { status: 400, root: "ApiException", members });
  switch (refusal.kind) {
    case "not-found":
      return notFoundAnswer;
    case "invalid":
      return answer({
        ErrorNumber: 10,
        Type: "ValidationException",
        Message: "A validation exception occurred",
        Elements: refusal.elements,
      });
    case "bad-body":
      return answer({ ErrorNumber: 14, Type: "PostDataInvalidException", Message: refusal.message });
    case "bad-query":
      return answer({ ErrorNumber: 16, Type: "QueryParseException", Message: refusal.message });
  }
}

const notFoundAnswer: Answer = {
  status: 404,
  headers: { "content-type": "text/html; charset=utf-8" },
  body: "The resource you're looking for cannot be found",
};
