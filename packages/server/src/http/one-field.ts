import { EvergrantError } from "@evergrant/core";
import type { FastifyRequest } from "fastify";

/** A header field by lower-case name, as it came. @throws api_request_refused where it came twice */
export function oneField(request: FastifyRequest, name: string): string | null {
  const { rawHeaders } = request.raw;
  const values = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
  if (values.length > 1) throw new EvergrantError("api_request_refused", { detail: `${name} twice` });
  return values[0] ?? null;
}
