import { SandboxError } from "../errors.ts";
import type { World } from "../world.ts";

/** A key as JWKS publishes it; the one that signs is the newest. */
export interface PublishedKey {
  readonly kid: string;
  readonly signs: boolean;
}

export interface KeyControl {
  /** The keys in JWKS, oldest first. */
  keys(): readonly PublishedKey[];
  /** A new key signs from now on; the old ones stay published, so that their tokens are still good. */
  rotateKey(): Promise<readonly PublishedKey[]>;
  /** Takes an old key out of JWKS: whatever it signed is worth nothing any more. */
  retireKey(kid: string): readonly PublishedKey[];
}

/** The part of the control API that is about signing keys. */
export function createKeyControl({ keys: ring, clock }: World): KeyControl {
  const keys = () => ring.jwks().keys.map(({ kid = "" }, index, all) => ({ kid, signs: index === all.length - 1 }));
  return {
    keys,
    async rotateKey() {
      if (keys().length >= mostKeys)
        throw new SandboxError("too_many", `JWKS holds at most ${mostKeys} keys. Retire one first.`);
      await ring.rotate(clock.nowMs());
      return keys();
    },
    retireKey(kid) {
      const key = keys().find((each) => each.kid === kid);
      if (key === undefined) throw new SandboxError("not_found", "There is no key with that id.");
      if (key.signs) throw new SandboxError("key_in_use", "That key signs at present. Rotate first, then retire it.");
      ring.retire(kid);
      return keys();
    },
  };
}

const mostKeys = 10;
