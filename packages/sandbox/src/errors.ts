/** Every refusal of the control API, of `createSandbox` and of the command `sandbox`, with its HTTP status. */
export const SANDBOX_ERRORS = {
  bad_request: 400,
  unknown_switch_value: 400,
  clock_backwards: 409,
  clock_too_far: 400,
  fault_impossible: 400,
  invalid_redirect_uri: 400,
  unknown_scope: 400,
  smtp_url_invalid: 400,
  webhook_url_refused: 400,
  loopback_only: 403,
  foreign_origin: 403,
  snapshot_foreign: 400,
  snapshot_newer: 400,
  snapshot_damaged: 400,
  snapshot_file_unusable: 400,
  not_found: 404,
  already_exists: 409,
  wrong_kind: 409,
  key_in_use: 409,
  role_may_not_connect: 409,
  region_not_served: 409,
  scope_retired: 409,
  purchase_needed: 409,
  purchase_not_needed: 409,
  too_many: 409,
  body_too_large: 413,
  follower_not_idle: 504,
  port_taken: 500,
  database_in_use: 500,
  database_newer: 500,
  command_line_invalid: 400,
  node_too_old: 500,
  sandbox_unreachable: 502,
  program_not_started: 500,
  certificates_unusable: 500,
  host_refused: 403,
} as const;

export type SandboxErrorCode = keyof typeof SANDBOX_ERRORS;

/** A refusal with a stable code and a sentence that says what to do. */
export class SandboxError extends Error {
  readonly code: SandboxErrorCode;
  readonly status: number;

  constructor(code: SandboxErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SandboxError";
    this.code = code;
    this.status = SANDBOX_ERRORS[code];
  }
}
