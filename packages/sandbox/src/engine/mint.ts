/**
 * Where identifiers and secrets come from. Every function is pure: the same label gives the same value, different labels
 * give different values. So a repeat can hand out the very token it handed out before although only its hash is kept.
 */
export interface Mint {
  /** 32 lower-case hex digits. */
  hex32(label: string): string;
  /** An RFC 9562 UUID. */
  uuid(label: string): string;
  /** A secret: authorization code, refresh token or client secret. */
  secret(label: string): string;
  /** One-way; the ledger holds only this of a secret. */
  hash(secret: string): string;
}
