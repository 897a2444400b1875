/** Copies of the store that outlive it, sealed by a key of the ring. */
export interface Backups {
  /** A copy of the store as it is at one moment; it is written while all goes on. @throws store_unavailable */
  write(): AsyncIterable<Uint8Array>;
  /** Opens a copy from its first byte to its last, and says what it holds. @throws backup_damaged · kek_wrong */
  verify(bytes: AsyncIterable<Uint8Array>): Promise<BackupSummary>;
}

export interface BackupSummary {
  readonly deployment: string;
  readonly createdAtMs: number;
  /** The key that opens it. */
  readonly key: string;
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
}
