/**
 * Quorums for tests, without a coordinator between: what a coordinator could offer, good or bad, is made of the
 * commitments that guardians drew.
 */
import type { KeyPackage } from "../../functions/_shared/frost/key_package.ts";
import type { DealtKey } from "../../../client/guardian/dealer.ts";
import { Nonces } from "../../../client/guardian/nonces.ts";
import { QuorumAnswers } from "../../../client/guardian/quorum_answers.ts";
import type { SigningSession } from "../../../client/guardian/signing_session.ts";
import { MemoryNonceStore } from "../../../client/guardian/stores/memory_nonce_store.ts";
import type { NonceStore } from "../../../client/guardian/stores/nonce_store.ts";
import type { QuorumPackage } from "../../../client/sessions/work.ts";

/** What answers for a guardian of a dealt key. */
export function answersOf(
  key: DealtKey,
  index: number,
  store: NonceStore = new MemoryNonceStore(),
  now: () => number = Date.now,
): QuorumAnswers {
  const share = key.keyShares[index];
  return new QuorumAnswers(share, new Nonces(share, store), now);
}

/** A session of a dealt key. */
export function sessionOf(
  key: DealtKey,
  message: string,
  changes: Partial<SigningSession> = {},
): SigningSession {
  return {
    session_id: "session-1",
    message_hash: message,
    participants: key.registration.participants,
    threshold: key.registration.threshold,
    expires_at: Date.now() + 300_000,
    ...changes,
  };
}

/** A package of a session. Its signers are those of the commitments. */
export function quorumOf(
  key: DealtKey,
  { session_id, message_hash: message, event_template, threshold }: SigningSession,
  commitments: Readonly<Record<string, string>>,
): QuorumPackage {
  const { ciphersuite, participants } = key.registration;
  const key_package: KeyPackage = {
    ciphersuite,
    threshold: key.registration.threshold,
    participants,
    group_public_key: key.registration.groupPublicKey,
    verifying_shares: participants.map((name) => key.registration.verifyingShares[name]),
  };
  return {
    session_id,
    family_id: key.registration.familyId,
    ciphersuite,
    message,
    event_template,
    threshold,
    signers: participants.filter((name) => Object.hasOwn(commitments, name)),
    commitments,
    key_package,
  };
}
