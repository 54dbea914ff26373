/**
 * Keeping a guardian's pool and its device in step.
 *
 * @module
 */
import { type Result, success } from "../result.ts";
import type { CallOptions } from "../transport.ts";
import type { QuorumAnswers } from "./quorum_answers.ts";
import { chunksOf, MOST_ITEMS, type QuorumTransport } from "./quorum_transport.ts";
import type { NonceStore } from "./stores/nonce_store.ts";

/** What a reconciled pool has. */
export interface PublishedNonces {
  /** How many commitments of this guardian are left to be bound. */
  readonly available: number;
  /** How many were sent to be published, new ones and such as the server did not show. */
  readonly published: number;
  /** How many were withdrawn, since this device has no nonces for them. */
  readonly withdrawn: number;
}

/**
 * Withdraws what the server has and the device has not; publishes what only the device has, which for those that are
 * bound or used changes nothing; and then draws as many more as `count` lacks.
 */
export async function fillPool(
  quorums: QuorumAnswers,
  store: NonceStore,
  transport: QuorumTransport,
  familyId: string,
  count: number,
  options: CallOptions & { readonly participantId: string; readonly now: number },
): Promise<Result<PublishedNonces>> {
  await store.prune(options.now);
  // The server first: what another tab stores and publishes meanwhile is then on the device for sure.
  const read = await transport.readPool(familyId, options);
  if (!read.success) return read;
  const { own } = read.pool;
  const held = (await store.pairs(quorums.owner)).map(({ nonce_commitment }) => nonce_commitment);
  const lost: string[] = [];
  for (const hex of own) {
    // One that is being answered has its record, too.
    if (!held.includes(hex) && !await quorums.knows(hex)) lost.push(hex);
  }
  let available = own.length - lost.length;
  // What is bound already waits for this device, which has nothing to answer with: others are to go on without it.
  const bound = await transport.readWork({}, options);
  if (!bound.success) return bound;
  for (const { session_id, family_id, commitments } of bound.work) {
    // In another of the user's families another store has the nonces.
    if (family_id !== familyId) continue;
    const hex = commitments[options.participantId];
    if (!await quorums.knows(hex, session_id)) lost.push(hex);
  }
  let withdrawn = 0;
  for (const some of chunksOf(lost, MOST_ITEMS)) {
    const said = await transport.withdraw(familyId, some, options);
    if (!said.success) return said;
    withdrawn += said.withdrawn + said.dead;
  }
  const sent = held.filter((hex) => !own.includes(hex));
  let published = 0;
  for (let turn = 0; turn < 2; turn++) {
    for (const some of chunksOf(sent, MOST_ITEMS)) {
      const said = await transport.publish(familyId, some, options);
      // Those of a key that was registered again are used up; new ones take their place.
      if (!said.success && turn === 0 && said.code === "nonce_reused") continue;
      if (!said.success) return said;
      ({ available } = said);
      published += some.length;
    }
    sent.length = 0;
    if (turn === 0) { for (let i = available; i < count; i++) sent.push(await quorums.draw()); }
  }
  return success({ available, published, withdrawn });
}
