/**
 * Who has answered in a session, and who is waited for.
 *
 * @module
 */
import type { FrostSession } from "../sessions/session.ts";
import { isFinished } from "../sessions/wait.ts";

/** The participants of a session, in its order. */
export interface SessionAnswers {
  /** Who handed in a share; while two rounds are in their first, a commitment. */
  readonly answered: readonly string[];
  /** Who may answer yet. */
  readonly awaited: readonly string[];
  /** How many of those are needed; in a robust session, at least. */
  readonly missing: number;
}

/** Who has answered, as the server tells it. */
export function answersOf(session: FrostSession): SessionAnswers {
  const { mode, status, participants, threshold, signers, declined, quorums } = session;
  const isFirst = mode === "two_round" && signers === null;
  const given = isFirst
    ? [session.nonce_commitments]
    : [session.signature_shares, ...quorums.map(({ shares }) => shares)];
  const answered = participants.filter((name) => given.some((by) => Object.hasOwn(by, name)));
  if (isFinished(status) || status === "aggregating") return { answered, awaited: [], missing: 0 };
  const awaited = (signers ?? participants)
    .filter((name) => !answered.includes(name) && !Object.hasOwn(declined, name));
  return { answered, awaited, missing: Math.max(1, threshold - answered.length) };
}
