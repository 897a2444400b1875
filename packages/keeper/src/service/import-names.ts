import type { AttemptId, ChainId, ConsentId, GrantId } from "@evergrant/core";

/** The grant under which a token is verified that an operator brought, named after its fingerprint: who brings it again meets it. */
export const grantOfImport = (fingerprint: string) => `im_${fingerprint}` as GrantId;
export const isOfImport = (grant: GrantId): boolean => grant.startsWith("im_");

// One name in three coats, so that whoever finds one of them finds the others.
export const chainOfImport = (id: ConsentId) => id.replace(/^cs_/, "ch_") as ChainId;
export const consentOfChain = (id: ChainId) => id.replace(/^ch_/, "cs_") as ConsentId;
export const attemptOfImport = (id: ConsentId) => id.replace(/^cs_/, "at_") as AttemptId;
