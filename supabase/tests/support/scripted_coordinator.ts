/** A coordinator for tests of approvals: it says what a test has it say, and remembers what it was sent. */
import type { DealtKey } from "../../../client/guardian/dealer.ts";
import { Guardian, type GuardianOptions } from "../../../client/guardian/guardian.ts";
import type {
  CommitmentItem,
  QuorumTransport,
  ShareItem,
} from "../../../client/guardian/quorum_transport.ts";
import { MemoryNonceStore } from "../../../client/guardian/stores/memory_nonce_store.ts";
import { failure, type Result, success } from "../../../client/result.ts";
import type { FrostSession } from "../../../client/sessions/session.ts";
import type { QuorumPackage, SessionsFilter } from "../../../client/sessions/work.ts";
import { sessionOf } from "./simulated_quorums.ts";

/** A session as it is read, of which a test says what matters to it. */
export function readSessionOf(
  key: DealtKey,
  id: string,
  changes: Partial<FrostSession> = {},
): FrostSession {
  const session: Partial<FrostSession> = {
    ...sessionOf(key, changes.message_hash ?? "5a".repeat(32), { session_id: id }),
    participants: [...key.registration.participants],
    event_template: null,
    family_id: "family",
    mode: "one_tap",
    status: "signing",
    quorums: [],
    signers: null,
    nonce_commitments: {},
    signature_shares: {},
    final_signature: null,
    ...changes,
  };
  return session as FrostSession;
}

/** Of one family; see above. */
export class ScriptedCoordinator implements QuorumTransport {
  readonly commitments: CommitmentItem[] = [];
  readonly shares: ShareItem[][] = [];
  readonly withdrawn: string[] = [];
  readonly published: string[][] = [];
  own: string[] = [];
  sessions: FrostSession[] = [];
  work: QuorumPackage[] = [];
  /** Called before each reading of a session. */
  onRead: (id: string) => void = () => {};
  failing = 0;

  readSession(id: string) {
    this.onRead(id);
    const session = this.sessions.find(({ session_id }) => session_id === id);
    return Promise.resolve(
      session ? success({ session }) : failure("session_not_found", "There is none"),
    );
  }

  readSessions(filter: SessionsFilter) {
    if ("batchId" in filter) {
      return Promise.resolve(
        success({ sessions: filter.batchId === "batch" ? this.sessions : [] }),
      );
    }
    for (const id of filter.sessionIds) this.onRead(id);
    const sessions = this.sessions.filter(({ session_id }) =>
      filter.sessionIds.includes(session_id)
    );
    return Promise.resolve(success({ sessions }));
  }

  readWork(): Promise<Result<{ work: QuorumPackage[] }>> {
    if (this.failing-- > 0) return Promise.resolve(failure("network_error"));
    return Promise.resolve(success({ work: this.work }));
  }

  listAwaited({ familyId }: { readonly familyId?: string } = {}) {
    this.listed.push(familyId);
    return Promise.resolve(success({ sessions: this.sessions }));
  }

  /** Of which family it was asked what awaits the caller. */
  readonly listed: (string | undefined)[] = [];

  submitCommitments(items: readonly CommitmentItem[]) {
    this.commitments.push(...items);
    const results = items.map(({ sessionId }) => success({ sessionId }));
    return Promise.resolve(success({ results }));
  }

  submitShares(items: readonly ShareItem[]) {
    this.shares.push([...items]);
    const results = items.map(({ sessionId }) => success({ sessionId }));
    return Promise.resolve(success({ results }));
  }

  aggregate() {
    return Promise.resolve(failure("network_error"));
  }

  readPool() {
    const pool = { guardians: {}, one_tap_sessions: 0, own: this.own };
    return Promise.resolve(success({ pool }));
  }

  publish(
    _: string,
    some: readonly string[],
  ): Promise<Result<{ accepted: number; available: number }>> {
    this.published.push([...some]);
    this.own.push(...some);
    return Promise.resolve(success({ accepted: some.length, available: this.own.length }));
  }

  withdraw(_: string, some: readonly string[]) {
    this.withdrawn.push(...some);
    this.own = this.own.filter((hex) => !some.includes(hex));
    return Promise.resolve(success({ withdrawn: 0, dead: some.length }));
  }
}

/** The first guardian of a key, before that coordinator. */
export function guardianBefore(
  coordinator: ScriptedCoordinator,
  key: DealtKey,
  changes: Partial<GuardianOptions<unknown, unknown>> = {},
): Guardian {
  return new Guardian({
    keyShare: key.keyShares[0],
    store: new MemoryNonceStore(),
    familyId: key.registration.familyId,
    transport: {
      submitNonceCommitment: () => Promise.resolve(),
      submitSignatureShare: () => Promise.resolve(),
      quorums: coordinator,
    },
    ...changes,
  });
}
