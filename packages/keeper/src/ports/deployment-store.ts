/** The one row that says which deployment a database is. */
export interface Deployment {
  readonly id: string;
  /** Drawn anew when an operator says that the database was restored or cloned. */
  readonly incarnation: number;
  /** A known text sealed under the key-encryption key: a key that does not open it is the wrong one. */
  readonly keyCheck: string;
  readonly createdAtMs: number;
  readonly operatorKeySha256: string;
}

export interface DeploymentStore {
  read(): Promise<Deployment | undefined>;
  /** Only for an empty store; answers what is there then, ours or another node's. */
  create(deployment: Deployment): Promise<Deployment>;
}
