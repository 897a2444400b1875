import { EvergrantError } from "@evergrant/core";

/**
 * A parameter that is there exactly once and not empty; null when absent. A repeated or empty one is never taken for absent.
 * @throws consent_callback_invalid
 */
export function single(params: URLSearchParams, name: string): string | null {
  const values = params.getAll(name);
  if (values.length === 0) return null;
  const [value] = values;
  if (values.length > 1 || value === undefined || value === "" || value.length > LONGEST_PARAMETER)
    throw new EvergrantError("consent_callback_invalid");
  return value;
}

const LONGEST_PARAMETER = 4_096;
