/**
 * Signature shares that come in: verified together, then recorded together. The share that is a quorum's last is
 * recorded with the signature that it makes.
 *
 * @module
 */
import type { UserContext } from "./authentication.ts";
import { afterAnswer } from "./background.ts";
import { submitCommitments } from "./commitments.ts";
import { read, RecordedShares, refusalFrom, type ShareCheck, ShareChecks } from "./database.ts";
import { Refusal } from "./errors.ts";
import { faultsOfShares, type SubmittedShare } from "./frost/several_shares.ts";
import { refusalOf } from "./http.ts";
import { answerOf, type Outcomes } from "./items.ts";
import { complete, keep, validSignature, verificationOf } from "./signing.ts";

/**
 * A signer's share for a quorum of a session; without `quorum`, for that which has this very share, else for the first
 * that the signer has not answered.
 */
export interface SubmittedItem {
  readonly sessionId: string;
  readonly quorum?: number;
  readonly signatureShare: string;
  /** For the quorum after this one. */
  readonly nextNonceCommitment?: string;
}

/** What became of a share. */
export interface AcceptedShare extends Record<string, unknown> {
  readonly quorum: number;
  readonly status: string;
  readonly signatureCount: number;
  readonly thresholdMet: boolean;
  readonly finalSignature?: string;
}

/** A share that can be judged: what it is checked with is known. */
interface Checked extends SubmittedShare {
  readonly sessionId: string;
  readonly check: ShareCheck;
  readonly fault?: string;
}

/**
 * Records the caller's shares, each judged alone.
 *
 * @param participantId - Who the client takes itself for, if it says so.
 */
export async function submitShares(
  context: UserContext,
  items: readonly SubmittedItem[],
  participantId: string | undefined,
): Promise<Outcomes<AcceptedShare>> {
  const found = await checksOf(context, items, participantId);
  const known = found.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  // A second share is the database's to judge: the same again, or another for the same nonce.
  const fresh = known.filter(({ check }) => check.signature_share === null);
  const faults = new Map(faultsOfShares(fresh).map((fault, i) => [fresh[i], fault]));
  const judged = known.map((one) => ({ ...one, fault: faults.get(one) }));
  const recorded = judged.length === 0 ? [] : await record(context, judged);
  let next = 0;
  return found.map((one) => one.status === "rejected" ? one : recorded[next++]);
}

/**
 * The same, then the commitments that came with the shares. Both are judged apart: a share stands whatever becomes
 * of its commitment.
 *
 * @returns What is answered of each item.
 */
export async function submitSharesAndCommitments(
  context: UserContext,
  items: readonly SubmittedItem[],
  participantId: string | undefined,
): Promise<readonly Record<string, unknown>[]> {
  const shares = (await submitShares(context, items, participantId)).map(answerOf);
  const finished = new Map(
    shares.flatMap(({ finalSignature }, i) =>
      typeof finalSignature === "string" ? [[items[i].sessionId, finalSignature]] : []
    ),
  );
  const next = items.map(({ sessionId, nextNonceCommitment: nonceCommitment }) =>
    nonceCommitment === undefined || finished.has(sessionId)
      ? undefined
      : { sessionId, nonceCommitment }
  );
  const waiting = next.filter((commitment) => commitment !== undefined);
  const committed = waiting.length === 0
    ? []
    : (await submitCommitments(context, waiting, participantId)).map(answerOf);
  let place = 0;
  return shares.map((share, i) => {
    if (items[i].nextNonceCommitment === undefined) return share;
    const nextNonceCommitment = next[i] === undefined
      ? refusalOf(
        new Refusal("session_finished", "The session is completed", {
          finalSignature: finished.get(items[i].sessionId),
        }),
      )
      : committed[place++];
    return { ...share, nextNonceCommitment };
  });
}

/** What each share is checked with; where nobody has prepared it yet, it is computed here. */
async function checksOf(
  { supabase, supabaseAdmin }: UserContext,
  items: readonly SubmittedItem[],
  participantId: string | undefined,
): Promise<PromiseSettledResult<Checked>[]> {
  const { checks, key_packages } = read(
    ShareChecks,
    await supabase.rpc("get_share_checks", {
      p_items: items.map(({ sessionId, quorum, signatureShare }) => ({
        session_id: sessionId,
        quorum,
        signature_share: signatureShare,
      })),
      p_participant_id: participantId,
    }),
  );
  return await Promise.allSettled(checks.map((check, i) =>
    Promise.try(() => {
      const { sessionId, signatureShare } = items[i];
      if ("code" in check) throw refusalFrom(check);
      if (check.verification && check.signer) {
        return {
          sessionId,
          signatureShare,
          check,
          context: check.verification,
          signer: check.signer,
        };
      }
      const { signing_package, key_package_id = "" } = check;
      if (!signing_package) throw new Error("What a share is checked with is missing");
      const context = verificationOf({
        ...signing_package,
        key_package: key_packages[key_package_id],
      });
      const signer = context.signers.find(({ participant }) => participant === check.participant);
      if (!signer) throw new Error("The signer is missing in what was computed for its session");
      if (items.length === 1 || context.signers.length >= WORTH_KEEPING) {
        const what = "Keeping the share verification of a session";
        afterAnswer(what, () => keep(supabaseAdmin, sessionId, check.quorum, context));
      }
      return { sessionId, signatureShare, check, context, signer };
    })
  ));
}

/** Of many quorums, those of fewer signers are computed again in less time than they are kept. */
const WORTH_KEEPING = 4;

async function record(
  { supabaseAdmin }: UserContext,
  shares: readonly Checked[],
): Promise<PromiseSettledResult<AcceptedShare>[]> {
  const answers = read(
    RecordedShares,
    await supabaseAdmin.rpc("record_signature_shares", {
      p_items: shares.map((share) => ({
        session_id: share.sessionId,
        participant_id: share.check.participant,
        quorum: share.check.quorum,
        signature_share: share.signatureShare,
        ...(share.fault === undefined
          ? { final_signature: signatureWith(share) }
          : { reason: share.fault }),
      })),
    }),
  );
  return await Promise.allSettled(answers.map(async (answer, i) => {
    const { sessionId, context, fault } = shares[i];
    if ("code" in answer) throw refusalFrom(answer);
    if (fault !== undefined) throw new Refusal("share_invalid", fault);
    if (!("quorum" in answer)) throw new Error("The answer to a share is not one");
    const finished = answer.signature_shares
      ? await complete(supabaseAdmin, sessionId, answer.signature_shares, context)
      : answer;
    return {
      quorum: answer.quorum,
      status: finished.status,
      signatureCount: answer.signature_count,
      thresholdMet: answer.threshold_met,
      finalSignature: finished.final_signature ?? undefined,
    };
  }));
}

/** The signature, if this share is the last of its quorum. Verified; recorded shares may not be. */
function signatureWith({ context, check, signatureShare }: Checked): string | undefined {
  const shares = { [check.participant]: signatureShare, ...check.signature_shares };
  return Object.keys(shares).length === check.threshold
    ? validSignature(context, shares)
    : undefined;
}
