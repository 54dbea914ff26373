/**
 * A coordinator in memory, for tests: it believes everything and remembers what it was sent. What it says
 * can be changed before it says it, which is what a bad one would do.
 */
import { prepareVerification } from "../../functions/_shared/frost/verification.ts";
import type { DealtKey } from "../../../client/guardian/dealer.ts";
import { Guardian, type GuardianOptions } from "../../../client/guardian/guardian.ts";
import type { GuardianTransport } from "../../../client/guardian/guardian_transport.ts";
import { MemoryNonceStore } from "../../../client/guardian/stores/memory_nonce_store.ts";
import type { SigningPackage, SigningSession } from "../../../client/guardian/signing_session.ts";

/** One session of a dealt key. */
export class SimulatedCoordinator {
  readonly session: SigningSession;
  /** Everything that was ever sent, in order. */
  readonly sent: { participant: string; kind: "commitment" | "share"; hex: string }[] = [];
  readonly #key: DealtKey;

  constructor(key: DealtKey, message: string, changes: Partial<SigningSession> = {}) {
    this.#key = key;
    this.session = {
      session_id: "session-1",
      message_hash: message,
      participants: key.registration.participants,
      threshold: key.registration.threshold,
      expires_at: Date.now() + 300_000,
      ...changes,
    };
  }

  /** The different texts of a kind that a participant has sent. */
  distinct(participant: string, kind: "commitment" | "share"): string[] {
    const all = this.sent.filter((item) => item.participant === participant && item.kind === kind);
    return [...new Set(all.map(({ hex }) => hex))];
  }

  transport(participant: string): GuardianTransport {
    const take = (kind: "commitment" | "share") => (_: string, hex: string) => {
      this.sent.push({ participant, kind, hex });
      return Promise.resolve();
    };
    return { submitNonceCommitment: take("commitment"), submitSignatureShare: take("share") };
  }

  /** A guardian that knows this coordinator. */
  guardian(index: number, changes: Partial<GuardianOptions<unknown, unknown>> = {}): Guardian {
    const keyShare = this.#key.keyShares[index];
    return new Guardian({
      keyShare,
      store: new MemoryNonceStore(),
      transport: this.transport(keyShare.participant_id),
      ...changes,
    });
  }

  /** The signing package, its signers being those who have committed. */
  package(): SigningPackage {
    const { registration } = this.#key;
    const { session_id, message_hash, event_template, threshold } = this.session;
    const committed = registration.participants
      .map((participant) => [participant, this.distinct(participant, "commitment").at(-1)] as const)
      .flatMap(([participant, hex]) => hex === undefined ? [] : [[participant, hex] as const]);
    return {
      session_id,
      ciphersuite: registration.ciphersuite,
      message: message_hash,
      event_template,
      threshold,
      signers: committed.map(([participant]) => participant),
      commitments: Object.fromEntries(committed),
      key_package: {
        ciphersuite: registration.ciphersuite,
        threshold: registration.threshold,
        participants: registration.participants,
        group_public_key: registration.groupPublicKey,
        verifying_shares: registration.participants.map((p) => registration.verifyingShares[p]),
      },
    };
  }

  /** What the shares of the package are checked with, and the shares that were sent. */
  verification() {
    const { message, signers, commitments } = this.package();
    const { ciphersuite, participants, groupPublicKey, verifyingShares } = this.#key.registration;
    return prepareVerification({
      keyPackage: {
        ciphersuite,
        participants,
        group_public_key: groupPublicKey,
        verifying_shares: participants.map((participant) => verifyingShares[participant]),
      },
      signers,
      commitments,
      message,
    });
  }
}
